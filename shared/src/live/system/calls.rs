//! The callbacks, in whatever format a device has.

use super::{Attempt, priority};
use crate::live::Signals;
use crate::live::capture::Capture;
use crate::live::player::{Io, Lease};
use cpal::traits::DeviceTrait;
use cpal::{Data, Device, ErrorKind, FromSample, I24, Sample, SampleFormat, SizedSample, Stream, U24};
use std::sync::Arc;
use std::time::Instant;

/// So many errors without a callback in between are more than bad luck.
const MANY_ERRORS: u32 = 16;

/// How a callback is given what it calls. Streams are opened before there is anything to play.
pub(super) enum Hand {
    Capture(rtrb::Producer<Capture>),
    Lease(rtrb::Producer<Lease>),
}

impl Hand {
    /// Gives what this callback needs. There is room for one, and only one is given.
    pub fn give(&mut self, capture: &mut Option<Capture>, lease: &mut Option<Lease>) {
        match self {
            Self::Capture(hand) => {
                if let Some(capture) = capture.take() {
                    let _ = hand.push(capture);
                }
            }
            Self::Lease(hand) => {
                if let Some(lease) = lease.take() {
                    let _ = hand.push(lease);
                }
            }
        }
    }
}

/// Takes what it was handed, when it has been; then the thread has something to do in time.
fn taken<'a, T>(own: &'a mut Option<T>, handed: &mut rtrb::Consumer<T>) -> Option<&'a mut T> {
    if own.is_none() {
        *own = handed.pop().ok();
        if own.is_some() {
            priority::raise();
        }
    }
    own.as_mut()
}

/// What a device says besides sound. `callbacks` counts those of this stream.
fn on_error(
    signals: Arc<Signals>,
    callbacks: fn(&Signals) -> u64,
) -> impl FnMut(cpal::Error) + Send + 'static {
    let (mut errors, mut seen) = (0, 0);
    move |error| match error.kind() {
        ErrorKind::Xrun => signals.xrun(),
        ErrorKind::DeviceNotAvailable
        | ErrorKind::StreamInvalidated
        | ErrorKind::HostUnavailable
        | ErrorKind::PermissionDenied => {
            signals.say(error.to_string());
            signals.lost();
        }
        // It goes on: it was rerouted, or has no priority. Or it has an error that cpal does not know, again and again.
        _ => {
            signals.say(error.to_string());
            let now = callbacks(&signals);
            errors = if now == seen { errors + 1 } else { 1 };
            seen = now;
            if errors >= MANY_ERRORS {
                signals.lost();
            }
        }
    }
}

/// A stream that plays.
pub(super) fn play(
    device: &Device,
    attempt: Attempt,
    signals: Arc<Signals>,
    began: Instant,
) -> Result<(Stream, Hand), cpal::Error> {
    let (hand, mut handed) = rtrb::RingBuffer::new(1);
    let mut lease: Option<Lease> = None;
    let channels = usize::from(attempt.config.channels);
    let callback = move |data: &mut Data, _: &cpal::OutputCallbackInfo| {
        let Some(lease) = taken(&mut lease, &mut handed) else { return };
        let (time, samples) = (began.elapsed().as_secs_f64(), data.len() / channels);
        play_as(data, channels, |io| lease.play(time, samples, io));
    };
    let Attempt { config, format } = attempt;
    let timeout = Some(super::OPENING);
    let failed = on_error(signals, Signals::played);
    let stream = device.build_output_stream_raw(config, format, callback, failed, timeout)?;
    Ok((stream, Hand::Lease(hand)))
}

/// A stream that hears for one that plays.
pub(super) fn hear(
    device: &Device,
    attempt: Attempt,
    signals: Arc<Signals>,
    began: Instant,
) -> Result<(Stream, Hand), cpal::Error> {
    let (hand, mut handed) = rtrb::RingBuffer::new(1);
    let mut capture: Option<Capture> = None;
    let channels = usize::from(attempt.config.channels);
    let callback = move |data: &Data, _: &cpal::InputCallbackInfo| {
        let Some(capture) = taken(&mut capture, &mut handed) else { return };
        let (time, samples) = (began.elapsed().as_secs_f64(), data.len() / channels);
        hear_as(data, channels, |io| capture.hear(time, samples, io));
    };
    let Attempt { config, format } = attempt;
    let timeout = Some(super::OPENING);
    let failed = on_error(signals, Signals::heard);
    let stream = device.build_input_stream_raw(config, format, callback, failed, timeout)?;
    Ok((stream, Hand::Capture(hand)))
}

/// A stream that hears where nothing plays: the chain runs here.
pub(super) fn hear_alone(
    device: &Device,
    attempt: Attempt,
    signals: Arc<Signals>,
    began: Instant,
) -> Result<(Stream, Hand), cpal::Error> {
    let (hand, mut handed) = rtrb::RingBuffer::new(1);
    let mut lease: Option<Lease> = None;
    let channels = usize::from(attempt.config.channels);
    let callback = move |data: &Data, _: &cpal::InputCallbackInfo| {
        let Some(lease) = taken(&mut lease, &mut handed) else { return };
        let (time, samples) = (began.elapsed().as_secs_f64(), data.len() / channels);
        hear_as(data, channels, |io| lease.play(time, samples, io));
    };
    let Attempt { config, format } = attempt;
    let timeout = Some(super::OPENING);
    let failed = on_error(signals, Signals::played);
    let stream = device.build_input_stream_raw(config, format, callback, failed, timeout)?;
    Ok((stream, Hand::Lease(hand)))
}

/// Does `$with` with the samples' type. Others were not asked for.
macro_rules! by_format {
    ($format:expr, $with:ident) => {
        match $format {
            SampleFormat::I8 => $with!(i8),
            SampleFormat::I16 => $with!(i16),
            SampleFormat::I24 => $with!(I24),
            SampleFormat::I32 => $with!(i32),
            SampleFormat::I64 => $with!(i64),
            SampleFormat::U8 => $with!(u8),
            SampleFormat::U16 => $with!(u16),
            SampleFormat::U24 => $with!(U24),
            SampleFormat::U32 => $with!(u32),
            SampleFormat::U64 => $with!(u64),
            SampleFormat::F32 => $with!(f32),
            SampleFormat::F64 => $with!(f64),
            _ => {}
        }
    };
}

fn play_as(data: &mut Data, channels: usize, mut with: impl FnMut(&mut dyn Io)) {
    macro_rules! run {
        ($sample:ty) => {
            if let Some(samples) = data.as_slice_mut::<$sample>() {
                with(&mut Played { samples, channels });
            }
        };
    }
    by_format!(data.sample_format(), run);
}

fn hear_as(data: &Data, channels: usize, mut with: impl FnMut(&mut dyn Io)) {
    macro_rules! run {
        ($sample:ty) => {
            if let Some(samples) = data.as_slice::<$sample>() {
                with(&mut Heard { samples, channels });
            }
        };
    }
    by_format!(data.sample_format(), run);
}

/// Interleaved samples that are to be filled.
struct Played<'a, T> {
    samples: &'a mut [T],
    channels: usize,
}

impl<T: SizedSample + FromSample<f32>> Io for Played<'_, T> {
    fn read(&mut self, _: usize, _: usize, to: &mut [f32]) {
        to.fill(0.0);
    }

    fn write(&mut self, channel: usize, from: usize, samples: &[f32]) {
        let places = self.samples[from * self.channels + channel..].iter_mut().step_by(self.channels);
        for (place, sample) in places.zip(samples) {
            // Whole numbers must not wrap round.
            *place = T::from_sample(sample.clamp(-1.0, 1.0));
        }
    }
}

/// Interleaved samples that came in.
struct Heard<'a, T> {
    samples: &'a [T],
    channels: usize,
}

impl<T: SizedSample> Io for Heard<'_, T>
where
    f32: FromSample<T>,
{
    fn read(&mut self, channel: usize, from: usize, to: &mut [f32]) {
        let places = self.samples[from * self.channels + channel..].iter().step_by(self.channels);
        for (sample, place) in to.iter_mut().zip(places) {
            *sample = f32::from_sample(*place);
        }
    }

    fn write(&mut self, _: usize, _: usize, _: &[f32]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back<T: SizedSample + FromSample<f32>>(tolerance: f32)
    where
        f32: FromSample<T>,
    {
        let sent = [0.0, 0.25, -0.5, 0.999, -1.0, 7.0, -7.0, 1.0];
        let mut samples = vec![T::EQUILIBRIUM; 3 * sent.len()];
        Played { samples: &mut samples, channels: 3 }.write(1, 0, &sent[..5]);
        Played { samples: &mut samples, channels: 3 }.write(1, 5, &sent[5..]);
        let mut back = [9.0; 8];
        Heard { samples: &samples, channels: 3 }.read(1, 0, &mut back[..3]);
        Heard { samples: &samples, channels: 3 }.read(1, 3, &mut back[3..]);
        for (sent, back) in sent.iter().zip(back) {
            let expected = sent.clamp(-1.0, 1.0);
            assert!((expected - back).abs() <= tolerance, "{sent} came back as {back}");
        }
        let mut other = [9.0; 8];
        Heard { samples: &samples, channels: 3 }.read(2, 0, &mut other);
        assert_eq!(other, [0.0; 8]);
    }

    #[test]
    fn many_errors_without_a_callback_are_a_loss() {
        for (between, lost) in [(false, true), (true, false)] {
            let signals = Signals::new(Arc::default());
            let mut failed = on_error(signals.clone(), Signals::played);
            for _ in 0..100 {
                failed(cpal::Error::with_message(ErrorKind::BackendError, "input/output error"));
                if between {
                    signals.count_played();
                }
            }
            assert_eq!(signals.look().lost, lost);
            assert!(signals.said().is_some_and(|said| said.contains("input/output error")));
        }
    }

    #[test]
    fn every_format_carries_sound_and_none_wraps_round() {
        there_and_back::<i8>(1.0 / 64.0);
        there_and_back::<u8>(1.0 / 64.0);
        there_and_back::<i16>(1.0 / 16_384.0);
        there_and_back::<u16>(1.0 / 16_384.0);
        there_and_back::<I24>(1e-6);
        there_and_back::<U24>(1e-6);
        there_and_back::<i32>(1e-6);
        there_and_back::<u32>(1e-6);
        there_and_back::<i64>(1e-6);
        there_and_back::<u64>(1e-6);
        there_and_back::<f32>(0.0);
        there_and_back::<f64>(0.0);
    }
}
