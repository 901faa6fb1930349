//! A search after some generations: draws points, takes in what they are worth.

use super::CmaEsSampler;
use super::cube::Cube;
use super::margin::Margin;
use super::model::Model;
use super::optimizer::Optimizer;
use super::parameters::default_popsize;
use super::restart::Restarts;
use super::separable::Separable;
use super::stop::Progress;
use super::warm_start::Start;
use crate::math::normal;
use crate::math::random::Rng;

/// A point outside the space is drawn again up to ten times for each dimension, and so
/// often at most.
const MOST_REDRAWS: usize = 200;
/// The name of the streams that points are drawn from.
pub(super) const POINTS: &str = "cmaes points";
/// The name of the streams that runs begin with.
const RESTARTS: &str = "cmaes restarts";

/// What is known of one trial.
#[derive(Debug, Clone)]
pub(super) struct Solution {
    pub(super) number: u64,
    /// Its internal values, in the order of the cube.
    pub(super) values: Vec<f64>,
    /// By how much it violates its constraints.
    pub(super) violation: f64,
    /// Small ones are good; may be infinite.
    pub(super) loss: f64,
}

impl Solution {
    /// Feasible ones first, then the smaller loss, then the lower number.
    pub(super) fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let by_violation = self.violation.total_cmp(&other.violation);
        by_violation
            .then(self.loss.total_cmp(&other.loss))
            .then(self.number.cmp(&other.number))
    }
}

/// Where a search stands.
#[derive(Debug, Clone)]
pub(super) struct Search {
    model: Model,
    margin: Option<Margin>,
    /// Only of a search that is restarted.
    runs: Option<(Restarts, Progress)>,
    /// Runs that were given up because something was no number any more.
    n_broken: u64,
    /// Before the last generation, if there is a margin.
    before: Option<Box<Search>>,
}

impl Search {
    /// A search that begins at `start`.
    pub(super) fn new(options: &CmaEsSampler, cube: &Cube, start: Start) -> Self {
        let n_dims = cube.n_dims();
        let popsize = options.popsize.unwrap_or_else(|| default_popsize(n_dims));
        let restarts = options.restart_strategy.map(|strategy| {
            let restarts = Restarts::new(strategy, popsize, options.inc_popsize);
            (restarts, Progress::new(n_dims, popsize, start.sigma))
        });
        let (model, margin) = run(options, cube, start, popsize);
        Self {
            model,
            margin,
            runs: restarts,
            n_broken: 0,
            before: None,
        }
    }

    /// `λ` of the current run.
    pub(super) fn popsize(&self) -> usize {
        self.model.popsize()
    }

    /// The internal values for a trial, drawn from its stream, in the order of the cube.
    pub(super) fn values(&self, cube: &Cube, mut stream: Rng) -> Vec<f64> {
        let point = self.draw(cube, &mut stream);
        cube.values(&self.tried(point))
    }

    /// A point of the distribution.
    fn draw(&self, cube: &Cube, rng: &mut Rng) -> Vec<f64> {
        let n_dims = cube.n_dims();
        let mut point = || {
            let normal: Vec<f64> = (0..n_dims).map(|_| standard_normal(rng)).collect();
            self.model.point(&normal)
        };
        for _ in 0..(10 * n_dims).min(MOST_REDRAWS) {
            let drawn = point();
            if cube.is_inside(&drawn) {
                return drawn;
            }
        }
        let mut last = point();
        cube.clip(&mut last);
        last
    }

    /// The point that is tried where `drawn` was drawn.
    fn tried(&self, mut drawn: Vec<f64>) -> Vec<f64> {
        if let Some(margin) = &self.margin {
            margin.stretch(&mut drawn, self.model.mean());
        }
        drawn
    }

    /// Takes in a generation: `popsize` trials, in the order of their numbers.
    pub(super) fn tell(&mut self, options: &CmaEsSampler, cube: &Cube, trials: &[Solution]) {
        let before = self.margin.is_some().then(|| {
            let mut before = self.clone();
            before.before = None;
            Box::new(before)
        });
        let steps = trials.iter().map(|trial| self.step(options, cube, trial));
        let mut ranked: Vec<(&Solution, Vec<f64>)> = trials.iter().zip(steps).collect();
        ranked.sort_by(|a, b| a.0.compare(b.0));
        let steps: Vec<f64> = ranked.iter().flat_map(|(_, step)| step).copied().collect();
        self.model.tell(&steps);
        if let Some(margin) = &mut self.margin {
            margin.correct(&mut self.model);
        }
        self.before = before;
        if !self.model.is_finite() {
            self.begin_again(options, cube);
        } else if self.runs.is_some() {
            let losses = ranked.iter().map(|(solution, _)| {
                if solution.violation > 0.0 {
                    f64::INFINITY
                } else {
                    solution.loss
                }
            });
            self.restart_when_over(options, cube, &losses.collect::<Vec<_>>());
        }
    }

    /// `(x - m)/σ` of a trial.
    ///
    /// One with the values that this search draws under its number is its own. Any other,
    /// be it of an earlier generation, of another sampler or of a person, is injected: its
    /// step is shortened to `√n + 2n/(n + 2)` standard deviations, so that it can't tear the
    /// distribution apart (Hansen, "Injecting External Solutions Into CMA-ES",
    /// arXiv:1110.4181 (2011), section 2).
    fn step(&self, options: &CmaEsSampler, cube: &Cube, trial: &Solution) -> Vec<f64> {
        let own = self.drawn_for(options, cube, trial);
        let is_own = own.is_some();
        let earlier = || self.before.as_ref()?.drawn_for(options, cube, trial);
        let point = match &self.margin {
            None => cube.point(&trial.values),
            // With a margin, values tell less than the point that they were rounded from.
            Some(margin) => own.or_else(earlier).unwrap_or_else(|| {
                let mut point = cube.point(&trial.values);
                margin.shrink(&mut point, self.model.mean());
                point
            }),
        };
        let sigma = self.model.paths().sigma;
        let from_mean = point.iter().zip(self.model.mean());
        let mut step: Vec<f64> = from_mean.map(|(x, mean)| (x - mean) / sigma).collect();
        if !is_own {
            let n = step.len() as f64;
            let longest = n.sqrt() + 2.0 * n / (n + 2.0);
            let length = self.model.length(&step);
            if length > longest {
                for along in &mut step {
                    *along *= longest / length;
                }
            }
        }
        step
    }

    /// The point that this search draws for a trial, if the trial has its values.
    fn drawn_for(&self, options: &CmaEsSampler, cube: &Cube, trial: &Solution) -> Option<Vec<f64>> {
        let mut rng = Rng::keyed(options.seed, trial.number, POINTS);
        let drawn = self.draw(cube, &mut rng);
        let values = cube.values(&self.tried(drawn.clone()));
        (values == trial.values).then_some(drawn)
    }

    /// Begins another run if this one is over. `losses`: of a generation, the best first.
    fn restart_when_over(&mut self, options: &CmaEsSampler, cube: &Cube, losses: &[f64]) {
        let Some((restarts, progress)) = &mut self.runs else {
            return;
        };
        progress.see(losses);
        if progress.ending(&self.model).is_none() {
            return;
        }
        let n_points = self.model.popsize() * self.model.paths().generation;
        let mut rng = Rng::keyed(options.seed, restarts.count, RESTARTS);
        let plan = restarts.next(n_points, (rng.uniform(), rng.uniform()));
        let start = Start {
            mean: (0..cube.n_dims()).map(|_| rng.uniform()).collect(),
            sigma: options.first_sigma() * plan.sigma_factor,
            covariance: None,
        };
        *progress = Progress::new(cube.n_dims(), plan.popsize, start.sigma);
        (self.model, self.margin) = run(options, cube, start, plan.popsize);
        self.before = None;
    }

    /// The same number of points, somewhere else.
    fn begin_again(&mut self, options: &CmaEsSampler, cube: &Cube) {
        self.n_broken += 1;
        let mut rng = Rng::keyed(options.seed, self.n_broken, "cmaes begins again");
        let start = Start {
            mean: (0..cube.n_dims()).map(|_| rng.uniform()).collect(),
            sigma: options.first_sigma(),
            covariance: None,
        };
        (self.model, self.margin) = run(options, cube, start, self.model.popsize());
        self.before = None;
    }
}

/// A run of the kind that the options say.
fn run(
    options: &CmaEsSampler,
    cube: &Cube,
    start: Start,
    popsize: usize,
) -> (Model, Option<Margin>) {
    let n_dims = cube.n_dims();
    let margin = Margin::new(cube.grids(), n_dims, popsize);
    // Of a single dimension, the full matrix is the separable one.
    let model = if options.use_separable_cma && n_dims > 1 {
        Model::Separable(Box::new(Separable::new(start.mean, start.sigma, popsize)))
    } else {
        let full = Optimizer::new(start.mean, start.sigma, start.covariance, popsize);
        Model::Full(Box::new(if options.lr_adapt {
            full.with_adapting_rates()
        } else {
            full
        }))
    };
    (model, cube.grids().next().map(|_| margin))
}

/// A standard normal number; never infinite.
fn standard_normal(rng: &mut Rng) -> f64 {
    const SMALLEST: f64 = 0.5 / (1_u64 << 53) as f64;
    normal::inverse_cdf(rng.uniform().max(SMALLEST))
}
