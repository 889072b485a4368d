//! Limits of single values, checked while the file is read so that an error has its line.

use serde::de::{Deserialize, Deserializer, Error};
use std::fmt::Display;

fn within<'de, D, T>(deserializer: D, min: T, max: T) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + PartialOrd + Display,
{
    let value = T::deserialize(deserializer)?;
    check(value, min, max)
}

/// Written so that NaN, which is inside nothing, is refused.
fn check<T: PartialOrd + Display, E: Error>(value: T, min: T, max: T) -> Result<T, E> {
    if value >= min && value <= max {
        return Ok(value);
    }
    Err(E::custom(format!("{value} is impossible here, allowed are {min} to {max}")))
}

macro_rules! limit {
    ($($name:ident: $type:ty = $min:literal ..= $max:literal;)*) => {$(
        pub fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
            within(deserializer, $min, $max)
        }
    )*};
}

limit! {
    channels: usize = 1..=128;
    blocks: usize = 1..=16;
    kernel_size: usize = 1..=63;
    batch: usize = 1..=1024;
    segment: usize = 64..=1_048_576;
    steps: u64 = 1..=1_000_000_000;
    sample_rate: u32 = 8_000..=384_000;
    seconds: f64 = 1.0..=3600.0;
    learning_rate: f64 = 1e-9..=1.0;
    checkpoint_seconds: f64 = 0.0..=3600.0;
    weight: f64 = 0.0..=1e6;
    emphasis: f64 = 0.0..=1.0;
    width: usize = 1..=2048;
    curves: usize = 1..=65_536;
    floor_curves: usize = 0..=65_536;
    folds: usize = 2..=20;
    threads: usize = 1..=1024;
}

macro_rules! optional_limit {
    ($($name:ident: $type:ty = $min:literal ..= $max:literal;)*) => {$(
        pub fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
            match Option::<$type>::deserialize(deserializer)? {
                Some(value) => check(value, $min, $max).map(Some),
                None => Ok(None),
            }
        }
    )*};
}

optional_limit! {
    held_out: f64 = 1.0..=3600.0;
    minutes: f64 = 0.01..=100_000.0;
    target_esr: f64 = 1e-12..=1.0;
    average: f64 = 0.0..=0.999_999;
    workers: usize = 1..=1024;
    report_steps: u64 = 1..=1_000_000_000;
    level: f32 = -300.0..=300.0;
    preview: f64 = 1.0..=86_400.0;
}

pub fn channel_pair<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[usize; 2], D::Error> {
    let pair = <[usize; 2]>::deserialize(deserializer)?;
    for channels in pair {
        check(channels, 1, 128)?;
    }
    Ok(pair)
}

pub fn ffts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<usize>, D::Error> {
    let sizes = Vec::<usize>::deserialize(deserializer)?;
    if sizes.is_empty() {
        return Err(D::Error::custom("at least one FFT size is needed"));
    }
    for &size in &sizes {
        check(size, 16, 65_536)?;
    }
    Ok(sizes)
}
