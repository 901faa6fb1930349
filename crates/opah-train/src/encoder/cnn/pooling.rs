//! Sums of shifted rows and their running maximum: the inner loop of the encoder.

use crate::layer::Real;
use crate::layer::simd::Kernel;

/// Filters that are computed side by side.
pub(super) const LANES: usize = 8;

/// The most filters of a block.
pub(super) const MAX_LANES: usize = 4 * LANES;

/// Pools one document.
pub(super) struct Pool<'a, T> {
    /// A row per distinct token: for each offset in the window, one number per lane.
    pub(super) products: &'a [T],
    /// The length of a window.
    pub(super) width: usize,
    /// The rows of the document's tokens.
    pub(super) positions: &'a [u32],
    /// The greatest window of each lane; a multiple of [`LANES`], at most [`MAX_LANES`].
    pub(super) maxima: &'a mut [T],
    /// Where it begins, the first of equal ones; unchanged if the document is too short.
    pub(super) windows: &'a mut [u32],
}

impl<T: Real> Kernel for Pool<'_, T> {
    #[inline(always)]
    fn run(self) {
        match self.maxima.len() / LANES {
            1 => self.pool::<1>(),
            2 => self.pool::<2>(),
            3 => self.pool::<3>(),
            _ => self.pool::<4>(),
        }
    }
}

impl<T: Real> Pool<'_, T> {
    /// `GROUPS` times [`LANES`] filters, whose maxima stay in registers.
    #[inline(always)]
    fn pool<const GROUPS: usize>(self) {
        let n_lanes = GROUPS * LANES;
        let stride = self.width * n_lanes;
        let mut maxima = [[T::NEG_INFINITY; LANES]; GROUPS];
        let mut windows = [[u32::MAX; LANES]; GROUPS];
        for (begin, window) in self.positions.windows(self.width).enumerate() {
            let mut sums = [[T::ZERO; LANES]; GROUPS];
            for (offset, position) in window.iter().enumerate() {
                let at = *position as usize * stride + offset * n_lanes;
                let row = &self.products[at..at + n_lanes];
                for group in 0..GROUPS {
                    for lane in 0..LANES {
                        sums[group][lane] += row[group * LANES + lane];
                    }
                }
            }
            for group in 0..GROUPS {
                for lane in 0..LANES {
                    let is_greater = sums[group][lane] > maxima[group][lane];
                    maxima[group][lane] = if is_greater {
                        sums[group][lane]
                    } else {
                        maxima[group][lane]
                    };
                    windows[group][lane] = if is_greater {
                        begin as u32
                    } else {
                        windows[group][lane]
                    };
                }
            }
        }
        for group in 0..GROUPS {
            self.maxima[group * LANES..][..LANES].copy_from_slice(&maxima[group]);
            self.windows[group * LANES..][..LANES].copy_from_slice(&windows[group]);
        }
    }
}
