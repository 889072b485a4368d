//! Parameters that are texts both ways: what a host shows can be typed.

use nih_plug::prelude::*;
use std::sync::Arc;

/// The number in front of a unit; what is no number, such as "nan", is none.
pub fn number(text: &str, unit: &str) -> Option<f32> {
    let text = text.trim();
    let text = text.strip_suffix(unit).unwrap_or(text);
    text.trim().parse().ok().filter(|value: &f32| value.is_finite())
}

/// A number with its sign, and no minus before what rounds to nothing.
pub fn signed(value: f32, digits: usize) -> String {
    let smallest = 0.5 * 0.1f32.powi(digits as i32);
    format!("{:+.digits$}", if value.abs() < smallest { 0.0 } else { value })
}

/// A gain in dB, 0 in the middle.
pub fn signed_decibels(name: &str, furthest: f64) -> FloatParam {
    let furthest = furthest as f32;
    FloatParam::new(name, 0.0, FloatRange::Linear { min: -furthest, max: furthest })
        .with_unit(" dB")
        .with_value_to_string(Arc::new(|db| signed(db, 1)))
        .with_string_to_value(Arc::new(|text| number(text, "dB")))
}

/// A level in dB.
pub fn decibels(name: &str, usual: f32, min: f32, max: f32) -> FloatParam {
    FloatParam::new(name, usual, FloatRange::Linear { min, max })
        .with_unit(" dB")
        .with_step_size(0.1)
        .with_value_to_string(formatters::v2s_f32_rounded(1))
        .with_string_to_value(Arc::new(|text| number(text, "dB")))
}

/// A time in milliseconds, with more room for short ones.
pub fn milliseconds(name: &str, usual: f32, min: f32, max: f32) -> FloatParam {
    let range = FloatRange::Skewed { min, max, factor: FloatRange::skew_factor(-1.5) };
    FloatParam::new(name, usual, range)
        .with_unit(" ms")
        .with_value_to_string(formatters::v2s_f32_rounded(1))
        .with_string_to_value(Arc::new(|text| number(text, "ms")))
}

/// A frequency in Hz, with more room for low ones.
pub fn hertz(name: &str, usual: f32, min: f32, max: f32) -> FloatParam {
    let range = FloatRange::Skewed { min, max, factor: FloatRange::skew_factor(-1.5) };
    FloatParam::new(name, usual, range)
        .with_unit(" Hz")
        .with_value_to_string(formatters::v2s_f32_rounded(0))
        .with_string_to_value(Arc::new(|text| number(text, "Hz")))
}

/// A share, shown in percent, 0 at first.
pub fn percent(name: &str, lowest: f32) -> FloatParam {
    FloatParam::new(name, 0.0, FloatRange::Linear { min: lowest, max: 1.0 })
        .with_unit(" %")
        .with_value_to_string(Arc::new(|share| {
            // Without this, what rounds to nothing may show as -0.
            let percent = share * 100.0;
            format!("{:.1}", if percent.abs() < 0.05 { 0.0 } else { percent })
        }))
        .with_string_to_value(Arc::new(|text| number(text, "%").map(|percent| percent / 100.0)))
}
