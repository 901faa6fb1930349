mod conflicts;
mod damage;
mod golden;
#[cfg(feature = "redis")]
mod redis;
