//! The heap on a buffer of the test's own.

use super::*;

const REGION: usize = 64 * 1024;

struct Bench {
    heap: Heap,
    _memory: Vec<u128>,
}

fn bench() -> Bench {
    let memory = vec![0u128; REGION / GRANULE];
    Bench { heap: Heap::new(memory.as_ptr() as usize, REGION), _memory: memory }
}

#[test]
fn what_is_freed_from_the_top_lowers_the_pointer() {
    let mut bench = bench();
    unsafe {
        let first = bench.heap.allocate(100, 8);
        let second = bench.heap.allocate(200, 8);
        bench.heap.release(first, 100);
        assert!(bench.heap.untouched() < REGION);
        bench.heap.release(second, 200);
    }
    assert_eq!(bench.heap.untouched(), REGION);
}

#[test]
fn neighbours_melt_into_one_block() {
    let mut bench = bench();
    unsafe {
        let blocks: Vec<*mut u8> = (0..5).map(|_| bench.heap.allocate(64, 8)).collect();
        for index in [1, 3, 2] {
            bench.heap.release(blocks[index], 64);
        }
        assert_eq!(bench.heap.allocate(192, 8), blocks[1]);
    }
}

#[test]
fn alignment_leaves_the_gap_usable() {
    let mut bench = bench();
    unsafe {
        let low = bench.heap.allocate(16, 1);
        let aligned = bench.heap.allocate(64, 4096);
        assert_eq!(aligned as usize % 4096, 0);
        let gap = aligned as usize - low as usize - 16;
        if gap > 0 {
            assert_eq!(bench.heap.allocate(gap, 1) as usize, low as usize + 16);
        }
    }
}

#[test]
fn a_request_larger_than_what_is_left_is_refused() {
    let mut bench = bench();
    unsafe {
        assert!(bench.heap.allocate(REGION + 1, 8).is_null());
        let all = bench.heap.allocate(REGION, 8);
        assert!(!all.is_null());
        assert!(bench.heap.allocate(1, 1).is_null());
        bench.heap.release(all, REGION);
    }
    assert_eq!(bench.heap.untouched(), REGION);
}

#[test]
fn the_topmost_block_grows_in_place() {
    let mut bench = bench();
    unsafe {
        let low = bench.heap.allocate(32, 8);
        let top = bench.heap.allocate(32, 8);
        assert!(bench.heap.resize(top, 32, 4000));
        assert!(!bench.heap.resize(low, 32, 4000));
        assert!(!bench.heap.resize(top, 4000, REGION));
        bench.heap.release(top, 4000);
        bench.heap.release(low, 32);
    }
    assert_eq!(bench.heap.untouched(), REGION);
}

/// A long life of mixed sizes: blocks never overlap, and once all are freed nothing is lost.
#[test]
fn a_long_life_loses_nothing() {
    let mut bench = bench();
    let mut live: Vec<(usize, usize, u8)> = Vec::new();
    let mut state = 0x2545_f491_4f6c_dd1du64;
    for round in 0..20_000u32 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let size = 1 + (state % 700) as usize;
        if live.len() > 40 || (state >> 32) % 3 == 0 && !live.is_empty() {
            let (at, size, mark) = live.swap_remove((state >> 40) as usize % live.len());
            unsafe {
                assert!(std::slice::from_raw_parts(at as *const u8, size).iter().all(|byte| *byte == mark));
                bench.heap.release(at as *mut u8, size);
            }
            continue;
        }
        let at = unsafe { bench.heap.allocate(size, 1 << (state >> 50) % 7) };
        assert!(!at.is_null(), "the region is larger than 40 blocks of 700 bytes");
        let mark = round as u8;
        unsafe { at.write_bytes(mark, size) };
        live.push((at as usize, size, mark));
    }
    for (at, size, _) in live.drain(..) {
        unsafe { bench.heap.release(at as *mut u8, size) };
    }
    assert_eq!(bench.heap.untouched(), REGION);
}
