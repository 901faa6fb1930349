//! Experiments: ties a study to something that runs.
