mod conflicts;
mod damage;
mod golden;
