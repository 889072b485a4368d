//! Counts what a thread asks of the C library: memory, and locks.
//!
//! The functions below stand in front of the C library's own, for this program and for every
//! library it loads, ONNX Runtime among them: a program's symbols are found first. Each counts if
//! its thread is inside [`count`], and passes the call on.
//!
//! What cannot be seen is a lock of Rust's that nobody contends for: that is one instruction and no
//! call. One that has to wait, or to wake somebody, is seen as the system call that it makes.

#![allow(
    clippy::missing_safety_doc,
    reason = "the functions that replace the C library's are called by it alone, under its own contracts"
)]

use std::cell::Cell;
use std::ffi::{c_int, c_long, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

/// Calls made by one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls that take memory or change its size.
    pub heap: u64,
    /// Calls that give memory back.
    pub frees: u64,
    /// Calls that take a lock, or wait for or wake who waits for one.
    pub locks: u64,
}

impl Calls {
    /// The sum of two counts.
    pub fn plus(self, other: Self) -> Self {
        Self {
            heap: self.heap + other.heap,
            frees: self.frees + other.frees,
            locks: self.locks + other.locks,
        }
    }
}

// Constants without a destructor, so that reading them takes no memory of its own.
thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static COUNTED: Cell<Calls> = const { Cell::new(Calls { heap: 0, frees: 0, locks: 0 }) };
}

/// Runs `section` and says what this thread called in it. Sections do not nest.
pub fn count(section: impl FnOnce()) -> Calls {
    std::hint::black_box(LOCKS);
    COUNTED.set(Calls::default());
    COUNTING.set(true);
    section();
    COUNTING.set(false);
    COUNTED.get()
}

fn saw(calls: Calls) {
    // A thread on its way out has no locals any more, and is in no section.
    if COUNTING.try_with(Cell::get).unwrap_or(false) {
        COUNTED.set(COUNTED.get().plus(calls));
    }
}

const HEAP: Calls = Calls { heap: 1, frees: 0, locks: 0 };
const FREE: Calls = Calls { heap: 0, frees: 1, locks: 0 };
const LOCK: Calls = Calls { heap: 0, frees: 0, locks: 1 };

// glibc's own names for what is replaced, so that nothing has to be looked up before the first call.
unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(memory: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
    fn __libc_free(memory: *mut c_void);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    saw(HEAP);
    // SAFETY: the caller's arguments, passed on.
    unsafe { __libc_malloc(size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    saw(HEAP);
    // SAFETY: the caller's arguments, passed on.
    unsafe { __libc_calloc(count, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    saw(HEAP);
    // SAFETY: the caller's arguments, passed on.
    unsafe { __libc_realloc(memory, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    saw(HEAP);
    // SAFETY: the caller's arguments, passed on.
    unsafe { __libc_memalign(alignment, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    saw(HEAP);
    // SAFETY: the caller's arguments, passed on.
    unsafe { __libc_memalign(alignment, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(to: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    saw(HEAP);
    // SAFETY: the caller's arguments, passed on.
    let memory = unsafe { __libc_memalign(alignment, size) };
    if memory.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller gives a place for a pointer.
    unsafe { *to = memory };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(memory: *mut c_void) {
    if !memory.is_null() {
        saw(FREE);
    }
    // SAFETY: the caller's argument, passed on.
    unsafe { __libc_free(memory) }
}

/// The C library's function behind the one of ours that bears the name, looked up once.
fn next(known: &AtomicPtr<c_void>, name: &std::ffi::CStr) -> *mut c_void {
    let mut found = known.load(Ordering::Relaxed);
    if found.is_null() {
        // SAFETY: a C string, and a handle that dlsym knows.
        found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
        known.store(found, Ordering::Relaxed);
    }
    if found.is_null() {
        // Without the real function nothing can go on, and a panic could not leave C code.
        std::process::abort();
    }
    found
}

/// Stands in front of functions that take a lock, which all take pointers and return an error code.
macro_rules! locks {
    ($($name:ident($($argument:ident),+);)+) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: *mut c_void),+) -> c_int {
            static NEXT: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
            const NAME: &std::ffi::CStr = match std::ffi::CStr::from_bytes_with_nul(
                concat!(stringify!($name), "\0").as_bytes(),
            ) {
                Ok(name) => name,
                Err(_) => unreachable!(),
            };
            saw(LOCK);
            let real = next(&NEXT, NAME);
            type Real = unsafe extern "C" fn($(locks!(@pointer $argument)),+) -> c_int;
            // SAFETY: the C library's function of this name has this signature.
            let real = unsafe { std::mem::transmute::<*mut c_void, Real>(real) };
            // SAFETY: the caller's arguments, passed on.
            unsafe { real($($argument),+) }
        }
    )+
        /// Named by the program, they are not thrown out as unused by its linker.
        const LOCKS: &[*const ()] = &[$($name as *const ()),+];
    };
    (@pointer $argument:ident) => { *mut c_void };
}

locks! {
    pthread_mutex_lock(mutex);
    pthread_mutex_trylock(mutex);
    pthread_mutex_timedlock(mutex, until);
    pthread_rwlock_rdlock(lock);
    pthread_rwlock_wrlock(lock);
    pthread_spin_lock(lock);
    pthread_cond_wait(condition, mutex);
    pthread_cond_timedwait(condition, mutex, until);
    sem_wait(semaphore);
}

/// Stands in front of the C library's way to any system call. Rust's own locks wait and wake through it.
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    static NEXT: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
    if number == libc::SYS_futex {
        saw(LOCK);
    }
    let real = next(&NEXT, c"syscall");
    type Real = unsafe extern "C" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long) -> c_long;
    // SAFETY: the real function takes a variable number of words, which on the processors that this
    // runs on arrive in the same places as a fixed number; it reads those that the call has.
    let real = unsafe { std::mem::transmute::<*mut c_void, Real>(real) };
    // SAFETY: the caller's arguments, passed on.
    unsafe { real(number, a, b, c, d, e, f) }
}
