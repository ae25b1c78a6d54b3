// Runs the threads of a CUDA launch, one after another, on one thread of the host.
//
// A CUDA thread that must wait (at a barrier, or for the other lanes of its warp) keeps its stack and gives way to another,
// so each needs a stack of its own: a fiber. Fibers are made only when they are needed. One fiber runs a thread, then the
// next, and so on until a thread blocks; a kernel without barriers thus runs all threads on one fiber, as fast as a loop.
//
//   run_block          the scheduler: starts threads, resumes those that may go on, reports a deadlock
//   block_wait         __syncthreads: the last thread to arrive frees the others
//   warp_wait          warp operations: the last lane to arrive computes the results of all lanes
//   fail               a fault of the kernel: the launch ends with a message; fibers in flight are left as they are
//
// The order in which threads and blocks run is forward, reverse or random (emulator_order). A kernel whose result depends
// on it has a race. This file is compiled without sanitizers; ThreadSanitizer is told about fibers and barriers by hand.
#include <dlfcn.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "device.h"

// ThreadSanitizer's interface; null without it.
extern "C" {
__attribute__((weak)) void* __tsan_create_fiber(unsigned flags);
__attribute__((weak)) void* __tsan_get_current_fiber();
__attribute__((weak)) void __tsan_switch_to_fiber(void* fiber, unsigned flags);
__attribute__((weak)) void __tsan_acquire(void* address);
__attribute__((weak)) void __tsan_release(void* address);
void emulator_switch(void** save_stack_pointer, void* stack_pointer);
}

// Save the registers that a function must preserve on this stack, go to the other stack, and restore those saved there.
#if defined(__x86_64__)
asm(R"(
    .text
    .globl emulator_switch
    .hidden emulator_switch
    .type emulator_switch, @function
emulator_switch:
    push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp
    ret
)");
constexpr int SAVED = 7, ENTRY = 6, ABOVE = 3;  // words: popped by a switch; which of them it returns to; for alignment
#elif defined(__aarch64__)
asm(R"(
    .text
    .globl emulator_switch
    .hidden emulator_switch
    .type emulator_switch, %function
emulator_switch:
    sub sp, sp, #160
    stp x19, x20, [sp];       stp x21, x22, [sp, #16];   stp x23, x24, [sp, #32];   stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64];  stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96];    stp d10, d11, [sp, #112];  stp d12, d13, [sp, #128];  stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp];       ldp x21, x22, [sp, #16];   ldp x23, x24, [sp, #32];   ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64];  ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96];    ldp d10, d11, [sp, #112];  ldp d12, d13, [sp, #128];  ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
)");
constexpr int SAVED = 20, ENTRY = 11, ABOVE = 2;
#else
#error "the emulator switches stacks on x86-64 and aarch64 only"
#endif

namespace emulator {

Thread* current;
uint3 block_index;
dim3 block_size, grid_size;
unsigned char* dynamic_shared;

struct Fiber {
    void* stack_pointer;
    void* sanitizer;  // ThreadSanitizer's handle
};

namespace {

enum Order { FORWARD, REVERSE, RANDOM };
constexpr size_t STACK = 256 << 10;
constexpr int LANES = 32, MOST_THREADS = 1024;

// The launch
void (*kernel)(void*);
void* context;
Order order = FORWARD;
char message[1024];
bool failed;

// The block
std::vector<Thread> threads;
std::vector<Pipeline> pipelines;
std::vector<int> start_order;
Thread* ready[MOST_THREADS];  // threads that waited and may go on: a ring, of ready_count from ready_first on
int ready_first, ready_count;
int started, live, arrived;   // of its threads: begun, not yet done, at the barrier
int barrier_line, barrier_round, counted[2];

// Stacks
std::vector<Fiber*> idle, spent;  // spent: to be idle when the block is done
void* scheduler_stack;
void* scheduler_sanitizer;

// Addresses whose release and acquire tell ThreadSanitizer what is ordered.
char block_start, block_end, barrier_order[2], warp_order[MOST_THREADS / LANES];
void release(char& what) {
    if (__tsan_release) __tsan_release(&what);
}
void acquire(char& what) {
    if (__tsan_acquire) __tsan_acquire(&what);
}
void tell_sanitizer(void* fiber) {
    constexpr unsigned no_order = 1;
    if (__tsan_switch_to_fiber) __tsan_switch_to_fiber(fiber, no_order);
}

// ---- fibers

void to_scheduler(Fiber* from) {
    tell_sanitizer(scheduler_sanitizer);
    emulator_switch(&from->stack_pointer, scheduler_stack);
}

void to_fiber(Fiber* fiber) {
    tell_sanitizer(fiber->sanitizer);
    emulator_switch(&scheduler_stack, fiber->stack_pointer);
}

void thread_done(Thread* thread);

Fiber* entered;  // the fiber that is switched to for the first time

void fiber_main() {
    Fiber* const self = entered;
    for (;;) {
        while (started < int(threads.size())) {
            Thread* thread = &threads[start_order[started++]];
            thread->state = RUNS;
            thread->fiber = self;
            current = thread;
            acquire(block_start);
            kernel(context);
            release(block_end);
            thread_done(thread);
            if (self->sanitizer) break;  // ThreadSanitizer takes a fiber for a thread, so no two threads of a block share one
        }
        (self->sanitizer ? spent : idle).push_back(self);
        to_scheduler(self);
    }
}

Fiber* new_fiber() {
    void* memory = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) abort();
    mprotect(memory, 4096, PROT_NONE);  // a stack that grows too far faults instead of writing elsewhere
    void** top = reinterpret_cast<void**>(static_cast<char*>(memory) + STACK) - ABOVE - SAVED;
    top[ENTRY] = reinterpret_cast<void*>(fiber_main);
    return new Fiber{top, __tsan_create_fiber ? __tsan_create_fiber(0) : nullptr};
}

// ---- waiting

void set_ready(Thread& thread) {
    thread.state = RUNS;
    if (&thread != current) ready[(ready_first + ready_count++) % MOST_THREADS] = &thread;
}

void open_barrier() {
    for (int k : start_order) {
        if (threads[k].state == AT_BARRIER) set_ready(threads[k]);
    }
    arrived = barrier_line = 0;
    counted[++barrier_round & 1] = 0;
}

// Compute the warp operation that `thread` waits for, if all lanes of its mask that still live wait for it too.
void try_warp(const Thread& thread) {
    Thread* lanes[LANES] = {};
    Thread* const first = &threads[thread.number / LANES * LANES];
    const int count = std::min(LANES, int(&threads.back() - first) + 1);
    for (int k = 0; k < count; ++k) {
        Thread& lane = first[k];
        if (!(thread.mask >> k & 1) || lane.state == DONE) continue;
        const bool with_us = lane.state == AT_WARP_OPERATION && lane.mask == thread.mask &&
                             lane.resolve == thread.resolve && lane.line == thread.line;
        if (!with_us) return;
        lanes[k] = &lane;
    }
    thread.resolve(lanes);
    for (Thread* lane : lanes) {
        if (lane) set_ready(*lane);
    }
}

// A thread that has ended is waited for no longer.
void thread_done(Thread* thread) {
    thread->state = DONE;
    current = nullptr;
    --live;
    if (live && arrived == live) open_barrier();
    const int first = thread->number / LANES * LANES;
    for (int k = first; k < std::min(first + LANES, int(threads.size())); ++k) {
        if (threads[k].state == AT_WARP_OPERATION) try_warp(threads[k]);
    }
}

void report_deadlock() {
    int at_barrier = 0, at_warp = 0;
    const Thread* waiting = nullptr;
    for (const Thread& thread : threads) {
        at_barrier += thread.state == AT_BARRIER;
        at_warp += thread.state == AT_WARP_OPERATION;
        if (thread.state == AT_WARP_OPERATION) waiting = &thread;
    }
    snprintf(message, sizeof message,
             "deadlock in block (%u, %u, %u): %d threads at __syncthreads (line %d), %d in warp operations (line %d, mask %08x), "
             "%d have returned",
             block_index.x, block_index.y, block_index.z, at_barrier, barrier_line, at_warp, waiting ? waiting->line : 0,
             waiting ? waiting->mask : 0, int(threads.size()) - live);
    failed = true;
}

// ---- the scheduler

void poison_shared(size_t dynamic_bytes);

void run_block(size_t dynamic_bytes) {
    poison_shared(dynamic_bytes);
    for (int k = 0; k < int(threads.size()); ++k) {
        threads[k].number = k;
        threads[k].state = WAITS_TO_START;
        threads[k].index = {k % block_size.x, k / block_size.x % block_size.y, k / (block_size.x * block_size.y)};
    }
    for (Pipeline& p : pipelines) p = Pipeline();
    idle.insert(idle.end(), spent.begin(), spent.end());
    spent.clear();
    live = int(threads.size());
    started = arrived = barrier_line = barrier_round = counted[0] = 0;
    ready_first = ready_count = 0;
    while (live && !failed) {
        if (started < int(threads.size())) {
            if (idle.empty()) idle.push_back(new_fiber());
            entered = idle.back();
            idle.pop_back();
            to_fiber(entered);
        } else if (ready_count) {
            current = ready[ready_first++ % MOST_THREADS];
            --ready_count;
            to_fiber(current->fiber);
        } else {
            report_deadlock();
        }
    }
}

// Fill shared memory with 0xFF, NaN in floats, so that reading what this block has not written shows.
void poison_shared(size_t dynamic_bytes) {
    memset(dynamic_shared, 0xff, dynamic_bytes);
    // Static shared variables are the thread-local variables of this library (device.h).
    dl_iterate_phdr(
        [](dl_phdr_info* library, size_t, void*) {
            const ElfW(Addr) here = reinterpret_cast<ElfW(Addr)>(&run_block);
            const ElfW(Phdr)* variables = nullptr;
            bool ours = false;
            for (int k = 0; k < library->dlpi_phnum; ++k) {
                const ElfW(Phdr)& segment = library->dlpi_phdr[k];
                if (segment.p_type == PT_TLS) variables = &segment;
                const ElfW(Addr) start = library->dlpi_addr + segment.p_vaddr;
                ours |= segment.p_type == PT_LOAD && here >= start && here < start + segment.p_memsz;
            }
            if (ours && variables && library->dlpi_tls_data) memset(library->dlpi_tls_data, 0xff, variables->p_memsz);
            return int(ours);  // nonzero: look no further
        },
        nullptr);
}

bool valid(dim3 grid, dim3 block, size_t shared) {
    const size_t count = size_t(block.x) * block.y * block.z;
    return count >= 1 && count <= MOST_THREADS && block.z <= 64 && grid.x >= 1 && grid.x <= 0x7fffffff && grid.y >= 1 &&
           grid.y <= 65535 && grid.z >= 1 && grid.z <= 65535 && shared <= 227 << 10;
}

}  // namespace

// ---- what kernels call

Pipeline& pipeline() { return pipelines[current->number]; }

void fail(const char* format, ...) {
    const uint3 t = current->index;
    const int size = snprintf(message, sizeof message, "block (%u, %u, %u) thread (%u, %u, %u): ", block_index.x,
                              block_index.y, block_index.z, t.x, t.y, t.z);
    va_list values;
    va_start(values, format);
    vsnprintf(message + size, sizeof message - size, format, values);
    va_end(values);
    failed = true;
    to_scheduler(current->fiber);
}

void block_wait(int line) {
    Thread* const self = current;
    if (arrived && barrier_line != line) {
        fail("diverged: at __syncthreads in line %d, while other threads of the block wait in line %d", line, barrier_line);
    }
    char& ordered = barrier_order[barrier_round & 1];
    release(ordered);
    barrier_line = self->line = line;
    self->state = AT_BARRIER;
    if (++arrived == live) {
        open_barrier();
    } else {
        to_scheduler(self->fiber);
    }
    acquire(ordered);
}

int block_count(bool predicate, int line) {
    int& count = counted[barrier_round & 1];
    count += predicate;
    block_wait(line);
    return count;
}

void warp_wait(unsigned mask, Resolve resolve, bool orders_memory, int line) {
    Thread* const self = current;
    const int lane = self->number % LANES;
    if (!(mask >> lane & 1)) fail("lane %d is not in the mask %08x of its warp operation in line %d", lane, mask, line);
    self->mask = mask;
    self->resolve = resolve;
    self->line = line;
    self->state = AT_WARP_OPERATION;
    char& ordered = warp_order[self->number / LANES];
    if (orders_memory) release(ordered);
    try_warp(*self);
    if (self->state == AT_WARP_OPERATION) to_scheduler(self->fiber);
    if (orders_memory) acquire(ordered);
}

void resolve_sync(Thread* const*) {}

void resolve_ballot(Thread* const* lanes) {
    unsigned votes = 0;
    for (int k = 0; k < LANES; ++k) {
        if (lanes[k] && lanes[k]->posted[0]) votes |= 1u << k;
    }
    for (int k = 0; k < LANES; ++k) {
        if (lanes[k]) memcpy(lanes[k]->result, &votes, sizeof votes);
    }
}

void resolve_shuffle(Thread* const* lanes) {
    for (int k = 0; k < LANES; ++k) {
        if (!lanes[k]) continue;
        int source;
        memcpy(&source, lanes[k]->posted + 16, sizeof source);
        if (lanes[source]) {
            memcpy(lanes[k]->result, lanes[source]->posted, 16);
        } else {
            memset(lanes[k]->result, 0xff, 16);  // undefined on the device
        }
    }
}

int launch(void (*run)(void*), void* arguments, dim3 grid, dim3 block, size_t shared) {
    failed = false;
    message[0] = 0;
    if (!valid(grid, block, shared)) {
        snprintf(message, sizeof message, "no device launches grid (%u, %u, %u), block (%u, %u, %u), %zu bytes of shared memory",
                 grid.x, grid.y, grid.z, block.x, block.y, block.z, shared);
        return 1;
    }
    kernel = run;
    context = arguments;
    grid_size = grid;
    block_size = block;
    threads.assign(block.x * block.y * block.z, Thread());
    pipelines.assign(threads.size(), Pipeline());
    idle.reserve(MOST_THREADS);  // fibers allocate nothing: ThreadSanitizer would take that for the kernel's doing
    spent.reserve(MOST_THREADS);
    start_order.resize(threads.size());
    std::iota(start_order.begin(), start_order.end(), 0);
    if (order == REVERSE) std::reverse(start_order.begin(), start_order.end());
    dynamic_shared = static_cast<unsigned char*>(malloc(std::max<size_t>(shared, 1)));  // AddressSanitizer guards its end
    if (__tsan_get_current_fiber) scheduler_sanitizer = __tsan_get_current_fiber();

    std::mt19937_64 random(1);
    std::vector<int64_t> blocks(int64_t(grid.x) * grid.y * grid.z);
    std::iota(blocks.begin(), blocks.end(), 0);
    if (order == REVERSE) std::reverse(blocks.begin(), blocks.end());
    if (order == RANDOM) std::shuffle(blocks.begin(), blocks.end(), random);
    for (int64_t k : blocks) {
        if (failed) break;
        block_index = {unsigned(k % grid.x), unsigned(k / grid.x % grid.y), unsigned(k / grid.x / grid.y)};
        if (order == RANDOM) std::shuffle(start_order.begin(), start_order.end(), random);
        release(block_start);
        run_block(shared);
        acquire(block_end);  // one block after another: races between blocks show in the order of threads, not here
    }
    free(dynamic_shared);
    dynamic_shared = nullptr;
    current = nullptr;
    return failed;
}

}  // namespace emulator

EMULATED_EXPORT const char* emulator_message() { return emulator::message; }
EMULATED_EXPORT void emulator_order(int order) { emulator::order = emulator::Order(order); }
