//! What a file from elsewhere may hold, and what may go wrong with a file.

mod damaged_rows;
mod repair;
mod unusable_files;
mod upgrade;
