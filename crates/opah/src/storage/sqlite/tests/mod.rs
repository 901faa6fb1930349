//! What a file from elsewhere may hold, and what may go wrong with a file.

mod damaged_rows;
mod unusable_files;
