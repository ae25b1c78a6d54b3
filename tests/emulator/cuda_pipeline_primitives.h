// Asynchronous copies to shared memory (cp.async). A copy happens as late as it may, at the wait for it: a kernel that
// forgets to wait reads what the scheduler filled shared memory with, NaN.
#pragma once
#include <deque>
#include <vector>

#include "device.h"

namespace emulator {
struct Copy {
    void* to;
    const void* from;
    size_t bytes, zeros;  // the last `zeros` of `bytes` are not read, but zero
};
struct Pipeline {  // of one thread
    std::vector<Copy> open;
    std::deque<std::vector<Copy>> committed;
};
Pipeline& pipeline();  // of the current thread
}  // namespace emulator

inline void __pipeline_memcpy_async(void* to, const void* from, size_t bytes, size_t zeros = 0) {
    if (bytes != 4 && bytes != 8 && bytes != 16) emulator::fail("asynchronous copy of %zu bytes: 4, 8 or 16", bytes);
    if ((size_t(to) | size_t(from)) % bytes) emulator::fail("asynchronous copy of %zu bytes is not aligned", bytes);
    emulator::pipeline().open.push_back({to, from, bytes, zeros});
}
inline void __pipeline_commit() {
    emulator::Pipeline& p = emulator::pipeline();
    p.committed.push_back(std::move(p.open));
    p.open.clear();
}
inline void __pipeline_wait_prior(size_t still_open) {
    emulator::Pipeline& p = emulator::pipeline();
    for (; p.committed.size() > still_open; p.committed.pop_front()) {
        for (const emulator::Copy& c : p.committed.front()) {
            memcpy(c.to, c.from, c.bytes - c.zeros);
            memset(static_cast<char*>(c.to) + c.bytes - c.zeros, 0, c.zeros);
        }
    }
}
