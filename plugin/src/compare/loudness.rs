//! How loud a guitar is through a sound.

use super::phrase::phrase;
use super::ring::{Recording, SILENT_DBFS};
use crate::presets::{Sound, Studio, Surroundings};
use crate::rack::RackFormat;
use ebur128::{EbuR128, Mode};
use std::borrow::Cow;

/// Samples that are played at once.
const BLOCK: usize = 512;

/// How much of the guitar must be louder than that, in seconds.
const ENOUGH_SECONDS: f64 = 2.0;

/// Softer sounds are not brought up to others, in LUFS: where the standard's absolute gate lies.
const LEAST_LUFS: f64 = -70.0;

/// How loud both sides are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Integrated loudness of each, in LUFS; `None` for one that gives nothing.
    pub lufs: [Option<f64>; 2],
    /// Whether it is what was played, and not the phrase in its place.
    pub played: bool,
}

/// Why it is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeighError {
    /// Nobody waits for it any more.
    #[error("the comparison was given up")]
    GivenUp,
    /// A side cannot be played.
    #[error("{0} cannot be compared: {1}")]
    Unplayable(char, String),
}

/// Plays a recording through both sounds, from silence and with the equaliser settled, and measures the integrated loudness of each (ITU-R BS.1770-5).
/// Where too little was played, a phrase of a guitar takes its place. Takes about as long as a hundredth to a tenth of the recording.
///
/// # Errors
/// `go_on` said no, or a sound needs a file that cannot be played.
pub fn weigh(
    sounds: [&Sound; 2],
    surroundings: &Surroundings,
    recording: &Recording,
    go_on: &dyn Fn() -> bool,
) -> Result<Levels, WeighError> {
    let played = is_enough(recording);
    let recording =
        if played { Cow::Borrowed(recording) } else { Cow::Owned(phrase(recording.sample_rate_hz)) };
    let lufs = weigh_each(&sounds, surroundings, &recording, go_on)?;
    Ok(Levels { lufs: [lufs[0], lufs[1]], played })
}

/// What [`weigh`] does for each of its sounds, for any number of them: integrated loudness in LUFS, `None` for one that gives nothing.
///
/// # Errors
/// As [`weigh`].
pub fn weigh_each(
    sounds: &[&Sound],
    surroundings: &Surroundings,
    recording: &Recording,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Option<f64>>, WeighError> {
    let each = sounds.iter().zip('A'..).map(|(sound, side)| {
        loudness(sound, surroundings, recording, go_on).map_err(|error| match error {
            Some(problem) => WeighError::Unplayable(side, problem),
            None => WeighError::GivenUp,
        })
    });
    each.collect()
}

/// Gains, in dB, that make both sides equally loud: the louder one is turned down, so that nothing is driven into clipping.
pub fn match_gains(levels: &Levels) -> [f32; 2] {
    match levels.lufs {
        [Some(a), Some(b)] => [(b - a).min(0.0) as f32, (a - b).min(0.0) as f32],
        _ => [0.0; 2],
    }
}

fn loudness(
    sound: &Sound,
    surroundings: &Surroundings,
    recording: &Recording,
    go_on: &dyn Fn() -> bool,
) -> Result<Option<f64>, Option<String>> {
    let channels_in = recording.channels.len().max(1);
    // A stereo response makes two of one guitar, as in the host.
    let channels = channels_in.max(surroundings.channels_out);
    let format = RackFormat {
        sample_rate_hz: recording.sample_rate_hz,
        max_block_samples: BLOCK,
        channels_in,
        channels_out: channels,
    };
    let mut studio = Studio::new(sound, surroundings.clone());
    // Whoever removes the plugin waits for this.
    studio.prepare_while(format, go_on).map_err(|error| go_on().then(|| error.to_string()))?;
    let failed = |error: ebur128::Error| Some(error.to_string());
    let mut meter =
        EbuR128::new(channels as u32, format.sample_rate_hz.round() as u32, Mode::I).map_err(failed)?;
    // The equaliser has listened for long when sounds are compared: it hears the recording once before it counts.
    if studio.listens() {
        play(&mut studio, recording, channels, go_on, |_| Ok(()))?;
    }
    play(&mut studio, recording, channels, go_on, |block| {
        meter.add_frames_planar_f32(block).map_err(failed)
    })?;
    let lufs = meter.loudness_global().map_err(failed)?;
    Ok(Some(lufs).filter(|lufs| *lufs > LEAST_LUFS))
}

fn play(
    studio: &mut Studio,
    recording: &Recording,
    channels_out: usize,
    go_on: &dyn Fn() -> bool,
    mut heard: impl FnMut(&[&[f32]]) -> Result<(), Option<String>>,
) -> Result<(), Option<String>> {
    let length = recording.channels.iter().map(Vec::len).min().unwrap_or(0);
    let mut block = vec![vec![0.0; BLOCK]; channels_out];
    for begin in (0..length).step_by(BLOCK) {
        if !go_on() {
            return Err(None);
        }
        let count = BLOCK.min(length - begin);
        for (to, from) in block.iter_mut().zip(&recording.channels) {
            to[..count].copy_from_slice(&from[begin..begin + count]);
        }
        let mut channels: Vec<&mut [f32]> = block.iter_mut().map(|channel| &mut channel[..count]).collect();
        studio.play(&mut channels);
        let channels: Vec<&[f32]> = channels.into_iter().map(|channel| &*channel).collect();
        heard(&channels)?;
    }
    Ok(())
}

/// Whether there is enough of a guitar to go by.
fn is_enough(recording: &Recording) -> bool {
    let tenth = ((recording.sample_rate_hz / 10.0) as usize).max(1);
    let limit = 10f32.powf(SILENT_DBFS / 10.0);
    let loud = |channel: &Vec<f32>| {
        let power = |piece: &[f32]| piece.iter().map(|s| s * s).sum::<f32>() / piece.len() as f32;
        channel.chunks(tenth).filter(|piece| power(piece) > limit).count()
    };
    let tenths = recording.channels.iter().map(loud).max().unwrap_or(0);
    tenths as f64 * 0.1 >= ENOUGH_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_louder_side_is_turned_down() {
        let levels = |a, b| Levels { lufs: [a, b], played: true };
        assert_eq!(match_gains(&levels(Some(-20.0), Some(-17.0))), [0.0, -3.0]);
        assert_eq!(match_gains(&levels(Some(-16.0), Some(-20.0))), [-4.0, 0.0]);
        assert_eq!(match_gains(&levels(None, Some(-20.0))), [0.0; 2]);
    }

    #[test]
    fn a_few_notes_are_enough_and_hum_is_not() {
        let tone = |level: f32, seconds: usize| Recording {
            channels: vec![
                vec![0.0; 8_000],
                (0..seconds * 8_000).map(|i| level * (i as f32 * 0.2).sin()).collect(),
            ],
            sample_rate_hz: 8_000.0,
        };
        assert!(is_enough(&tone(0.1, 3)));
        assert!(!is_enough(&tone(0.1, 1)));
        assert!(!is_enough(&tone(1e-4, 10)));
        assert!(is_enough(&phrase(48_000.0)));
    }
}
