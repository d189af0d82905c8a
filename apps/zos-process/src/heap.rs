//! The global allocator: a bump allocator that recycles what is freed (seed: Heap Allocation).
//!
//! Fresh memory comes from a pointer that only moves up. Freed blocks are kept in a list ordered by address, where
//! neighbours melt together; a block that reaches the pointer moves it back down. So a program that allocates and
//! frees for a month needs no more than its own high-water mark plus fragmentation, and no block carries a header.
//!
//! The region is fixed; that no stack and no static reaches into it is the linker's doing (see the workspace's
//! `.cargo/config.toml`), checked when a module is built and again when it starts.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::size_of;
use core::ptr;

pub const HEAP_START: usize = 0x10000;
pub const HEAP_SIZE: usize = 1024 * 1024;

/// Every block starts at and measures a multiple of this, so that any of them can become a `FreeBlock`.
const GRANULE: usize = 16;
const _: () = assert!(size_of::<FreeBlock>() <= GRANULE);

struct FreeBlock {
    size: usize,
    next: *mut FreeBlock,
}

/// The bookkeeping of one region; separate from the global allocator so that it can be tested on any memory.
pub struct Heap {
    /// First address never handed out since the pointer last moved back.
    fresh: usize,
    end: usize,
    free: *mut FreeBlock,
}

fn round_up(value: usize, multiple: usize) -> usize {
    (value + multiple - 1) & !(multiple - 1)
}

fn block_size(size: usize) -> usize {
    round_up(size.max(1), GRANULE)
}

impl Heap {
    /// A heap on `size` bytes from `start`, both multiples of 16.
    pub const fn new(start: usize, size: usize) -> Heap {
        Heap { fresh: start, end: start + size, free: ptr::null_mut() }
    }

    /// Bytes above everything in use.
    pub fn untouched(&self) -> usize {
        self.end - self.fresh
    }

    /// # Safety
    /// The region given to `new` is writable memory that nothing else uses; `align` is a power of two.
    pub unsafe fn allocate(&mut self, size: usize, align: usize) -> *mut u8 {
        let size = block_size(size);
        let align = align.max(GRANULE);
        let recycled = self.take_free(size, align);
        if !recycled.is_null() {
            return recycled;
        }
        let start = round_up(self.fresh, align);
        if start > self.end || size > self.end - start {
            return ptr::null_mut();
        }
        let gap = self.fresh;
        self.fresh = start + size;
        if start > gap {
            self.release_block(gap, start - gap);
        }
        start as *mut u8
    }

    /// # Safety
    /// `at` was handed out by this heap for `size` bytes and is not used again.
    pub unsafe fn release(&mut self, at: *mut u8, size: usize) {
        self.release_block(at as usize, block_size(size));
    }

    /// Makes a block longer or shorter where it is, if it is the topmost one or needs no other size.
    ///
    /// # Safety
    /// As `release`; on success the block measures `to` bytes.
    pub unsafe fn resize(&mut self, at: *mut u8, from: usize, to: usize) -> bool {
        let (from, to) = (block_size(from), block_size(to));
        if from == to {
            return true;
        }
        let start = at as usize;
        if start + from != self.fresh || to > self.end - start {
            return false;
        }
        self.fresh = start + to;
        true
    }

    /// First fit: the lowest free block that holds `size` bytes at `align`; what is over on either side stays free.
    unsafe fn take_free(&mut self, size: usize, align: usize) -> *mut u8 {
        let mut link: *mut *mut FreeBlock = &mut self.free;
        while !(*link).is_null() {
            let block = *link;
            let (at, end) = (block as usize, block as usize + (*block).size);
            let start = round_up(at, align);
            if start > end || size > end - start {
                link = &mut (*block).next;
                continue;
            }
            let mut next = (*block).next;
            if end > start + size {
                let tail = (start + size) as *mut FreeBlock;
                tail.write(FreeBlock { size: end - start - size, next });
                next = tail;
            }
            if start > at {
                (*block).size = start - at;
                (*block).next = next;
            } else {
                *link = next;
            }
            return start as *mut u8;
        }
        ptr::null_mut()
    }

    unsafe fn release_block(&mut self, at: usize, size: usize) {
        let mut before: *mut FreeBlock = ptr::null_mut();
        let mut link: *mut *mut FreeBlock = &mut self.free;
        // `link` trails by one so that the block under the released one can be unlinked with it.
        let mut link_to_before = link;
        while !(*link).is_null() && (*link as usize) < at {
            before = *link;
            link_to_before = link;
            link = &mut (*before).next;
        }
        let after = *link;
        let mut block = at as *mut FreeBlock;
        if !before.is_null() && before as usize + (*before).size == at {
            (*before).size += size;
            block = before;
            link = link_to_before;
        } else {
            block.write(FreeBlock { size, next: after });
            *link = block;
        }
        let end = block as usize + (*block).size;
        if !after.is_null() && end == after as usize {
            (*block).size += (*after).size;
            (*block).next = (*after).next;
        } else if end == self.fresh {
            self.fresh = block as usize;
            *link = ptr::null_mut();
        }
    }
}

/// The allocator of a process: one `Heap` on the fixed region.
pub struct BumpAllocator {
    heap: UnsafeCell<Heap>,
}

// A guest has one thread of execution.
unsafe impl Sync for BumpAllocator {}

impl BumpAllocator {
    pub const fn new() -> BumpAllocator {
        BumpAllocator { heap: UnsafeCell::new(Heap::new(HEAP_START, HEAP_SIZE)) }
    }
}

impl Default for BumpAllocator {
    fn default() -> BumpAllocator {
        BumpAllocator::new()
    }
}

unsafe impl GlobalAlloc for BumpAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        (*self.heap.get()).allocate(layout.size(), layout.align())
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        (*self.heap.get()).release(at, layout.size());
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if (*self.heap.get()).resize(at, layout.size(), size) {
            return at;
        }
        let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
        if !moved.is_null() {
            ptr::copy_nonoverlapping(at, moved, layout.size().min(size));
            self.dealloc(at, layout);
        }
        moved
    }
}

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: BumpAllocator = BumpAllocator::new();

#[cfg(test)]
mod tests;
