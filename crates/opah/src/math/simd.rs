//! Inner loops compiled several times, for the vector units a processor may have.
//!
//! The loops are plain Rust that the compiler vectorizes; none fuses a multiplication
//! with an addition, so all versions give the same bits.

/// How many numbers a loop takes at a time; arrays are padded to a multiple of it.
pub const LANES: usize = 8;

/// An inner loop. Implementations mark `run` as `#[inline(always)]`, so that it is
/// compiled anew inside each version.
pub trait Kernel {
    /// Runs the loop.
    fn run(self);
}

/// Runs `kernel` in the best version for this processor.
#[expect(
    unsafe_code,
    reason = "a function compiled for a vector unit may only be called where it exists, which is checked here"
)]
pub fn run(kernel: impl Kernel) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: the processor has the extensions the function is compiled for.
            return unsafe { avx512(kernel) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has the extension the function is compiled for.
            return unsafe { avx2(kernel) };
        }
    }
    kernel.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn avx512(kernel: impl Kernel) {
    kernel.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(kernel: impl Kernel) {
    kernel.run();
}

/// `n`, or the next multiple of [`LANES`].
pub fn padded(n: usize) -> usize {
    n.next_multiple_of(LANES)
}
