//! The ways themselves. Safe Rust has no way to most of them: values go through volatile reads, so that the compiler
//! cannot see the fault coming, and checks that it would add are declared impossible.

use core::hint::unreachable_unchecked;
use core::mem::transmute;
use zos_process as zos;
use zos_process::abi::PAGE;

/// A value the compiler must not reason about.
fn opaque<T: Copy>(value: T) -> T {
    unsafe { core::ptr::addr_of!(value).read_volatile() }
}

#[inline(never)]
pub fn unreachable() {
    std::process::abort();
}

#[inline(never)]
pub fn divide_by_zero() {
    let divisor = opaque(0u32);
    if divisor == 0 {
        unsafe { unreachable_unchecked() }
    }
    opaque(7 / divisor);
}

#[inline(never)]
pub fn overflow() {
    let (least, divisor) = (opaque(i32::MIN), opaque(-1i32));
    if divisor == 0 {
        unsafe { unreachable_unchecked() }
    }
    if divisor == -1 {
        unsafe { unreachable_unchecked() }
    }
    opaque(least / divisor);
}

#[inline(never)]
pub fn conversion() {
    let number: i32 = unsafe { opaque(f64::NAN).to_int_unchecked() };
    opaque(number);
}

#[inline(never)]
pub fn outside_memory() {
    unsafe { (opaque(0xfff0_0000usize) as *const u32).read_volatile() };
}

/// On wasm32 a function pointer is an index into the table.
#[inline(never)]
pub fn outside_table() {
    let function: extern "C" fn() = unsafe { transmute(opaque(0x00ff_ffffusize)) };
    function();
}

#[inline(never)]
pub fn empty_element() {
    let function: Option<extern "C" fn()> = unsafe { transmute(opaque(0usize)) };
    match function {
        Some(function) => function(),
        None => {
            // The compiler knows that no function is at 0; the machine is asked all the same.
            let function: extern "C" fn() = unsafe { transmute(core::num::NonZeroUsize::new_unchecked(opaque(0))) };
            function();
        }
    }
}

extern "C" fn takes_two(first: i64, second: i64) -> i64 {
    first ^ second
}

#[inline(never)]
pub fn wrong_signature() {
    let function = opaque(takes_two as extern "C" fn(i64, i64) -> i64);
    let function: extern "C" fn() = unsafe { transmute(function) };
    function();
}

/// Two different operations behind the call: with one, the compiler would make a loop of it.
#[inline(never)]
fn descend(depth: u32) -> u32 {
    if depth == u32::MAX {
        return depth;
    }
    (descend(depth + 1) ^ depth).rotate_left(5)
}

#[inline(never)]
pub fn exhaust_calls() {
    opaque(descend(opaque(0)));
}

#[inline(never)]
fn descend_with_frame(depth: u32) -> u32 {
    let frame = opaque([depth; 512]);
    if depth == u32::MAX {
        return frame[0];
    }
    descend_with_frame(depth + 1) ^ frame[depth as usize % 512]
}

#[inline(never)]
pub fn exhaust_stack() {
    opaque(descend_with_frame(opaque(0)));
}

#[inline(never)]
pub fn bad_pointer() {
    let range = unsafe { core::slice::from_raw_parts(opaque(0xffff_0000usize) as *const u8, opaque(100)) };
    zos::sys::send_bytes(range);
}

#[inline(never)]
pub fn panic() {
    panic!("asked to");
}

#[inline(never)]
pub fn endless() {
    let mut count = 0u64;
    while opaque(count) != u64::MAX {
        count += 1;
    }
}

/// Grows by 32 MiB and fills that over and over: one instruction that cannot be interrupted each time.
#[cfg(target_arch = "wasm32")]
#[inline(never)]
pub fn fill() {
    const PAGES: usize = 512;
    let first = core::arch::wasm32::memory_grow::<0>(PAGES);
    if first == usize::MAX {
        zos::console_write("no memory to fill\n");
        return;
    }
    let start = (first * PAGE as usize) as *mut u8;
    for value in (0..=u8::MAX).cycle() {
        unsafe { start.write_bytes(opaque(value), PAGES * PAGE as usize) };
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub fn fill() {
    opaque(PAGE);
}
