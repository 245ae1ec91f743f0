// C11 threads over POSIX threads, for programs under ThreadSanitizer only. librdkafka makes its
// threads and locks with <threads.h>; the sanitizer knows pthread_* alone: it crashes in a thread
// that thrd_create() made, and without these locks it would take every hand-over through the
// library for a race. A definition in the program comes before the C library's. What librdkafka
// uses is here, no more.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace {

static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t) && sizeof(cnd_t) >= sizeof(pthread_cond_t));

pthread_mutex_t* native(mtx_t* mutex)
{
    return reinterpret_cast<pthread_mutex_t*>(mutex);
}

pthread_cond_t* native(cnd_t* condition)
{
    return reinterpret_cast<pthread_cond_t*>(condition);
}

int told(int error)
{
    switch (error) {
        case 0:
            return thrd_success;
        case EBUSY:
            return thrd_busy;
        case ENOMEM:
            return thrd_nomem;
        case ETIMEDOUT:
            return thrd_timedout;
        default:
            return thrd_error;
    }
}

struct thread_start {
    thrd_start_t run;
    void* argument;
};

void* run_thread(void* raw)
{
    const auto start = *std::unique_ptr<thread_start>(static_cast<thread_start*>(raw));
    return reinterpret_cast<void*>(static_cast<std::intptr_t>(start.run(start.argument)));
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t run, void* argument)
{
    auto start = std::make_unique<thread_start>(thread_start{run, argument});
    const auto error = pthread_create(thread, nullptr, run_thread, start.get());
    if (error == 0) (void)start.release();  // the thread owns it
    return told(error);
}

int thrd_join(thrd_t thread, int* answer)
{
    void* out = nullptr;
    const auto error = pthread_join(thread, &out);
    if (answer) *answer = static_cast<int>(reinterpret_cast<std::intptr_t>(out));
    return told(error);
}

int mtx_init(mtx_t* mutex, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (type & mtx_recursive) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    const auto error = pthread_mutex_init(native(mutex), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return told(error);
}

void mtx_destroy(mtx_t* mutex)
{
    pthread_mutex_destroy(native(mutex));
}

int mtx_lock(mtx_t* mutex)
{
    return told(pthread_mutex_lock(native(mutex)));
}

int mtx_unlock(mtx_t* mutex)
{
    return told(pthread_mutex_unlock(native(mutex)));
}

int cnd_init(cnd_t* condition)
{
    return told(pthread_cond_init(native(condition), nullptr));
}

void cnd_destroy(cnd_t* condition)
{
    pthread_cond_destroy(native(condition));
}

int cnd_signal(cnd_t* condition)
{
    return told(pthread_cond_signal(native(condition)));
}

int cnd_broadcast(cnd_t* condition)
{
    return told(pthread_cond_broadcast(native(condition)));
}

int cnd_wait(cnd_t* condition, mtx_t* mutex)
{
    return told(pthread_cond_wait(native(condition), native(mutex)));
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until)
{
    return told(pthread_cond_timedwait(native(condition), native(mutex), until));
}

void call_once(once_flag* flag, void (*function)())
{
    pthread_once(reinterpret_cast<pthread_once_t*>(flag), function);
}

}  // extern "C"
