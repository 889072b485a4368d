//! What a piece of work asks of the heap, counted by the allocator itself.

#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a thread asked of the heap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Use {
    /// Bytes of the largest single request.
    pub largest: usize,
    /// Most bytes that were held at one time.
    pub peak: usize,
    /// Bytes that are held now.
    live: usize,
}

thread_local! {
    /// The use of this thread since counting began; `None` while it is off.
    static USE: Cell<Option<Use>> = const { Cell::new(None) };
}

fn change(change: impl FnOnce(&mut Use)) {
    // A thread that ends frees memory after its counters are gone.
    let _ = USE.try_with(|cell| {
        let mut now = cell.get();
        if let Some(now) = &mut now {
            change(now);
        }
        cell.set(now);
    });
}

fn take(bytes: usize) {
    change(|u| {
        u.largest = u.largest.max(bytes);
        u.live += bytes;
        u.peak = u.peak.max(u.live);
    });
}

fn give(bytes: usize) {
    // What was taken before counting began may be given back during it.
    change(|u| u.live = u.live.saturating_sub(bytes));
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller keeps `alloc_zeroed`'s contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give(layout.size());
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there while it is copied.
        take(size);
        give(layout.size());
        // SAFETY: the caller keeps `realloc`'s contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Does some work, and tells what this thread asked of the heap for it.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, Use) {
    USE.set(Some(Use::default()));
    let done = work();
    (done, USE.take().unwrap_or_default())
}

#[test]
fn the_counter_counts() {
    const MIB: usize = 1 << 20;
    let (_, idle) = measured(|| ());
    assert_eq!((idle.largest, idle.peak), (0, 0));
    // Never touched, so it costs nothing but the addresses.
    let (_, huge) = measured(|| drop(std::hint::black_box(vec![0u8; 300 * MIB])));
    assert!(huge.largest == 300 * MIB && huge.peak == 300 * MIB, "{huge:?}");
    let (_, apart) = measured(|| (0..4).for_each(|_| drop(std::hint::black_box(vec![1u8; MIB]))));
    assert_eq!((apart.largest, apart.peak), (MIB, MIB));
    let (_, together) = measured(|| drop(std::hint::black_box(vec![vec![1u8; MIB]; 4])));
    assert!(together.largest == MIB && (4 * MIB..5 * MIB).contains(&together.peak), "{together:?}");
    let (_, grown) = measured(|| {
        let mut bytes = vec![1u8; MIB];
        bytes.reserve_exact(2 * MIB);
        std::hint::black_box(bytes);
    });
    assert_eq!((grown.largest, grown.peak), (3 * MIB, 4 * MIB));
}
