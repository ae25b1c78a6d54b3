# make demo    trains a classifier on handwritten digits; pictures in demo/
# make test    everything that must hold: lint, format, types, tests
# make check   lint, format and types alone
# make gpu-report  on a machine with a GPU: tests, sanitizer, every kernel and model beside others; bench/results/
# make sanitize  the kernels on the CPU under AddressSanitizer
# make clean   removes the environment and what builds and runs left behind
#
# Each target makes the environment it needs in .venv, and again when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The extra that fits this machine's NVIDIA driver: release 580 is the first that runs CUDA 13. Empty without a GPU.
DRIVER := $(shell nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1 | grep -oE '^[0-9]+')
CUDA := $(if $(DRIVER),$(if $(filter 1,$(shell expr $(DRIVER) '>=' 580)),cuda13,cuda12))

COMMA := ,
DEMO_EXTRAS := plot$(if $(CUDA),$(COMMA)$(CUDA))
BENCH_EXTRAS := test,plot,bench$(COMMA)$(or $(CUDA),kernels)
TEST_EXTRAS := test$(COMMA)$(or $(CUDA),kernels)

.PHONY: demo test check format gpu-report sanitize clean

demo: $(VENV)/demo.stamp
	$(BIN)/python -m gputape demo

test: check
	$(BIN)/python -m pytest -q

check: $(VENV)/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/test.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

gpu-report: $(VENV)/bench.stamp
	$(BIN)/python -m bench.report --minutes 9

# Python itself is not built with AddressSanitizer, so its runtime is loaded first, and libstdc++ with it, which it wraps.
# What Python never frees is no leak.
PRELOAD = $(shell g++ -print-file-name=libasan.so) $(shell g++ -print-file-name=libstdc++.so)
sanitize: $(VENV)/test.stamp
	GPUTAPE_SANITIZER=address ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$(PRELOAD)" \
		$(BIN)/python -m pytest -q -k emulated tests

$(VENV)/demo.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[$(DEMO_EXTRAS)]"
	touch $@

$(VENV)/bench.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[$(BENCH_EXTRAS)]"
	touch $@

$(VENV)/test.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[$(TEST_EXTRAS)]"
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) build dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
