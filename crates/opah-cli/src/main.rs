//! The command line: parse, run, print the error chain, exit.

mod algorithms;
mod args;
mod catalogue;
mod commands;
mod credentials;
mod interrupt;
mod json_argument;
mod output;
mod priors;
mod program;
mod rules;
mod run_view;
mod search;
mod serve;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Args::parse();
    match commands::run(args.command) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}
