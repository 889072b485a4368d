//! An allocator that counts what each thread asks of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Heap calls of this thread since counting began; `None` while it is off.
    static CALLS: Cell<Option<u64>> = const { Cell::new(None) };
    /// Bytes that this thread has asked for and not given back.
    static LIVE: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

fn count(bytes: i64) {
    CALLS.with(|calls| calls.set(calls.get().map(|n| n + 1)));
    LIVE.with(|live| live.set(live.get() + bytes));
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as i64 - layout.size() as i64);
        // SAFETY: the caller keeps `realloc`'s contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Heap calls of this thread while `f` runs.
pub fn heap_calls(f: impl FnOnce()) -> u64 {
    CALLS.with(|calls| calls.set(Some(0)));
    f();
    CALLS.with(Cell::take).unwrap_or(0)
}

/// Bytes that this thread has asked for and not given back.
pub fn live_bytes() -> i64 {
    LIVE.with(Cell::get)
}

#[test]
fn the_counter_counts() {
    assert!(heap_calls(|| drop(std::hint::black_box(vec![1u8; 100]))) >= 2);
    assert_eq!(heap_calls(|| ()), 0);
    let before = live_bytes();
    let kept = std::hint::black_box(vec![1u8; 1000]);
    assert_eq!(live_bytes() - before, 1000);
    drop(kept);
    assert_eq!(live_bytes(), before);
}
