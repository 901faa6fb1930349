//! Pictures of a study.
//!
//! A plot is data first: a function turns a history into a [`Figure`], which says
//! what is shown; only [`render`] knows how it is drawn, as SVG, PNG, HTML or a table.
//!
//! # How to write a plot
//! One new file: the docs with what it shows and what it tells, and a function from
//! [`PlotInput`] to [`Figure`] with its tests. Then two lines here: `mod` and the
//! entry in [`PLOTS`]. The snapshot below and every format follow by themselves.

mod figure;
mod history;
mod importances;
mod input;
mod intermediate_values;
mod slice;
#[cfg(test)]
mod testing;

pub mod render;

pub use figure::{
    Axis, Bar, Colour, ColourScale, Figure, Line, Marks, Panel, Point, Scale, Series, Stroke, short,
};
pub use input::{PlotInput, PlotOptions};

use crate::error::{Error, Result};
use crate::suggestion::nearest;

/// One line of the list of plots.
#[derive(Debug)]
pub struct Plot {
    /// The name.
    pub name: &'static str,
    /// Optuna's function name, read as an alias with and without `plot_`.
    pub function: &'static str,
    /// One line for tables.
    pub summary: &'static str,
    /// The options it takes besides the target.
    pub takes: &'static [&'static str],
    /// Makes the figure.
    pub draw: fn(&PlotInput) -> Result<Figure>,
}

/// Every plot, in the order shown to people.
pub static PLOTS: &[Plot] = &[
    Plot {
        name: "history",
        function: "plot_optimization_history",
        summary: "the value of each trial and the best so far",
        takes: &["baseline"],
        draw: history::figure,
    },
    Plot {
        name: "importances",
        function: "plot_param_importances",
        summary: "how much each parameter matters",
        takes: &["params", "evaluator"],
        draw: importances::figure,
    },
    Plot {
        name: "intermediate-values",
        function: "plot_intermediate_values",
        summary: "the learning curve of each trial, also pruned and running ones",
        takes: &["baseline"],
        draw: intermediate_values::figure,
    },
    Plot {
        name: "slice",
        function: "plot_slice",
        summary: "the value against each parameter",
        takes: &["baseline", "params"],
        draw: slice::figure,
    },
];

/// The plot called `name`, or whose function in Optuna is.
pub fn find(name: &str) -> Result<&'static Plot> {
    let wanted = name.to_lowercase().replace('_', "-");
    let wanted = wanted.strip_prefix("plot-").unwrap_or(&wanted);
    let found = PLOTS.iter().find(|plot| {
        wanted == plot.name || wanted == plot.function["plot_".len()..].replace('_', "-")
    });
    found.ok_or_else(|| Error::UnknownName {
        kind: "plot",
        name: name.to_owned(),
        suggestion: nearest(wanted, PLOTS.iter().map(|plot| plot.name)).map(str::to_owned),
        known: PLOTS
            .iter()
            .map(|plot| plot.name)
            .collect::<Vec<_>>()
            .join(", "),
    })
}

impl Plot {
    /// The figure of this plot.
    ///
    /// # Errors
    /// [`Error::NotAvailable`] when there is nothing to show, when a study with several
    /// objectives is given without a target, or when an option is given that this plot
    /// does not take.
    pub fn figure(&self, input: &PlotInput) -> Result<Figure> {
        let given = input.options.given();
        if let Some(option) = given.iter().find(|option| !self.takes.contains(option)) {
            let others: Vec<&str> = PLOTS
                .iter()
                .filter(|plot| plot.takes.contains(option))
                .map(|plot| plot.name)
                .collect();
            return Err(Error::NotAvailable(format!(
                "the plot `{}` takes no {option}; that is for {}",
                self.name,
                others.join(", ")
            )));
        }
        (self.draw)(input)
    }
}
