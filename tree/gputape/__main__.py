"""`python -m gputape demo` and `python -m gputape doctor`."""

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns the exit code: 0 when it did what it is for."""
    parser = argparse.ArgumentParser(prog="python -m gputape")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train a classifier on handwritten digits and draw how it went")
    demo.add_argument("--folder", type=Path, default=Path("demo"), help="where the pictures go (default: demo)")
    commands.add_parser("doctor", help="say what was found on this machine and how to mend what is missing")
    options = parser.parse_args(arguments)
    if options.command == "demo":
        from gputape.demo import run

        return run(options.folder)
    from gputape.doctor import report

    return report()


if __name__ == "__main__":
    sys.exit(main())
