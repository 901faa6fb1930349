//! `opah best-trial`

use anyhow::Result;

use crate::args::{Format, Study};

pub(super) fn run(study: &Study, format: &Format) -> Result<()> {
    let best = super::load(study)?.best_trial()?;
    super::trials::table(&[best], 1).print(format.format)
}
