//! What the window plays through where the player does not say it. The framework leaves the guitar unconnected against feedback,
//! and without any device it goes on in silence.

use super::options::Options;
use crate::Tonewright;
use crate::cli::CliError;
use crate::cli::out::complain;
use nih_plug::prelude::Plugin;
use shared::live::{JackServer, LiveError, UsualDevice};
use std::num::NonZeroU32;

/// What the framework calls the system's own sound.
const SYSTEM: &str = if cfg!(target_os = "macos") {
    "core-audio"
} else if cfg!(windows) {
    "wasapi"
} else {
    "alsa"
};

/// Rates and buffers that are tried in turn, in Hz and samples.
const RATES_HZ: [u32; 2] = [48_000, 44_100];
const BUFFERS: [u32; 3] = [128, 256, 512];

/// What the framework takes where nobody says it.
const FRAMEWORKS_HZ: u32 = 48_000;
const FRAMEWORKS_BUFFER: u32 = 512;

/// Sound in reserve between the system's input and output beyond two buffers, in seconds.
const RESERVE_SECONDS: f64 = 0.01;

/// Room for what comes in too early, in multiples of what is in reserve.
const ROOM: f64 = 5.0;

/// Adds what the player left out.
///
/// # Errors
/// There is nothing to play through.
pub fn connect(options: &mut Options) -> Result<(), CliError> {
    let unconnected = options.take_switch("--no-input");
    let wanted = options.value("--backend", Some('b')).unwrap_or("auto").to_lowercase();
    match &*wanted {
        "auto" => match JackServer::running() {
            Ok(server) => with_jack(options, &server, unconnected),
            Err(no_jack) => with_system(options, unconnected)
                .map_err(|error| CliError::NoSound(format!("{no_jack}; {error}")))?,
        },
        "jack" => {
            let server = JackServer::running().map_err(|error| CliError::NoSound(error.to_string()))?;
            with_jack(options, &server, unconnected);
        }
        SYSTEM => {
            with_system(options, unconnected).map_err(|error| CliError::NoSound(error.to_string()))?;
        }
        // Nothing to connect, or nothing that the framework knows.
        _ => {}
    }
    Ok(())
}

fn with_jack(options: &mut Options, server: &JackServer, unconnected: bool) {
    options.set("--backend", Some('b'), "jack");
    // The framework prepares the plugin for these, whatever the server does.
    options.set("--sample-rate", Some('r'), &server.sample_rate_hz.to_string());
    options.set("--period-size", Some('p'), &server.buffer_samples.to_string());
    if unconnected || options.has("--connect-jack-inputs", None) {
        return;
    }
    match server.sources.first() {
        // Only one is named: in stereo the guitar would come from the left alone.
        Some(port) => options.set("--connect-jack-inputs", None, port),
        None => complain(
            "warning: JACK has no hardware input; connect the guitar by hand, or --connect-jack-inputs",
        ),
    }
}

fn with_system(options: &mut Options, unconnected: bool) -> Result<(), LiveError> {
    options.set("--backend", Some('b'), SYSTEM);
    // Another output is the framework's to find, and to refuse.
    let output = match options.has("--output-device", None) {
        true => None,
        false => Some(UsualDevice::output()?),
    };
    let given_input = options.has("--input-device", None);
    let input = if unconnected || given_input { None } else { Some(UsualDevice::input()) };
    let input = match input.transpose() {
        Ok(input) => input,
        Err(error) => {
            complain(format_args!("warning: no input is connected: {error}"));
            None
        }
    };
    let plays = |rate_hz, buffer| output.as_ref().is_none_or(|output| output.can(None, rate_hz, buffer));
    let hears = |channels, rate_hz, buffer| {
        input.as_ref().is_none_or(|input| input.can(Some(channels), rate_hz, buffer))
    };
    let wish = Wish::of(options);
    let can = |channels, rate_hz, buffer| plays(rate_hz, buffer) && hears(channels, rate_hz, buffer);
    match (wish.choose(can), input) {
        (Some(choice), Some(input)) => {
            choice.set(options);
            options.set("--input-device", None, &input.description);
        }
        (None, Some(input)) => complain(format_args!(
            "warning: no input is connected: \"{}\" does not run as asked for; choose --sample-rate, --period-size or \
             --audio-layout, or another --input-device",
            input.description
        )),
        (_, None) if given_input => {
            let (rate_hz, buffer) = (wish.rate_hz, wish.buffer_samples);
            set_delay(options, rate_hz.unwrap_or(FRAMEWORKS_HZ), buffer.unwrap_or(FRAMEWORKS_BUFFER));
        }
        // Without an input too the output may run at one rate only.
        (Some(choice), None) => choice.set_pace(options),
        (None, None) => {}
    }
    Ok(())
}

/// The framework would keep 150 ms between hearing and playing, in which nobody can play.
fn set_delay(options: &mut Options, rate_hz: u32, buffer_samples: u32) {
    if options.has("--input-latency", None) || rate_hz == 0 {
        return;
    }
    let reserve = 2.0 * f64::from(buffer_samples) / f64::from(rate_hz) + RESERVE_SECONDS;
    options.set("--input-latency", None, &format!("{reserve:.4}"));
    if !options.has("--input-capacity", None) {
        options.set("--input-capacity", None, &format!("{:.4}", ROOM * reserve));
    }
}

/// What the player has said of the stream.
#[derive(Default)]
struct Wish {
    rate_hz: Option<u32>,
    buffer_samples: Option<u32>,
    /// The place of a layout among the plugin's, from 1.
    layout: Option<usize>,
}

/// A stream that the devices can.
#[derive(Debug, PartialEq)]
struct Choice {
    rate_hz: u32,
    buffer_samples: u32,
    layout: usize,
}

impl Wish {
    fn of(options: &Options) -> Self {
        let number = |long, short| options.value(long, Some(short)).and_then(|text| text.parse::<f64>().ok());
        Self {
            rate_hz: number("--sample-rate", 'r').map(|hz| hz as u32),
            buffer_samples: number("--period-size", 'p').map(|samples| samples as u32),
            layout: options.value("--audio-layout", Some('l')).and_then(|text| text.parse().ok()),
        }
    }

    /// The first stream that can be, of so many channels in: short buffers first, and mono, as a guitar is.
    fn choose(&self, can: impl Fn(usize, u32, u32) -> bool) -> Option<Choice> {
        let rates = self.rate_hz.map_or_else(|| RATES_HZ.to_vec(), |rate| vec![rate]);
        let buffers = self.buffer_samples.map_or_else(|| BUFFERS.to_vec(), |buffer| vec![buffer]);
        let layouts = self.layout.map_or_else(|| vec![layout(1, 2), layout(2, 2)], |layout| vec![layout]);
        for &rate_hz in &rates {
            for &buffer_samples in &buffers {
                let fits = |&&layout: &&usize| {
                    channels_in(layout).is_some_and(|channels| can(channels, rate_hz, buffer_samples))
                };
                if let Some(&layout) = layouts.iter().find(fits) {
                    return Some(Choice { rate_hz, buffer_samples, layout });
                }
            }
        }
        None
    }
}

impl Choice {
    fn set(&self, options: &mut Options) {
        self.set_pace(options);
        options.set("--audio-layout", Some('l'), &self.layout.to_string());
        set_delay(options, self.rate_hz, self.buffer_samples);
    }

    fn set_pace(&self, options: &mut Options) {
        options.set("--sample-rate", Some('r'), &self.rate_hz.to_string());
        options.set("--period-size", Some('p'), &self.buffer_samples.to_string());
    }
}

/// The place of the plugin's layout of so many channels, from 1.
fn layout(channels_in: u32, channels_out: u32) -> usize {
    let channels = [channels_in, channels_out].map(NonZeroU32::new);
    let place = Tonewright::AUDIO_IO_LAYOUTS
        .iter()
        .position(|layout| [layout.main_input_channels, layout.main_output_channels] == channels);
    place.map_or(1, |place| place + 1)
}

fn channels_in(layout: usize) -> Option<usize> {
    let layout = Tonewright::AUDIO_IO_LAYOUTS.get(layout.checked_sub(1)?)?;
    Some(layout.main_input_channels?.get() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        Options(text.split_whitespace().map(str::to_owned).collect())
    }

    fn server(sources: &[&str]) -> JackServer {
        let sources = sources.iter().map(|&source| source.to_owned()).collect();
        JackServer { sample_rate_hz: 44_100, buffer_samples: 256, sources }
    }

    #[test]
    fn jack_brings_the_guitar_at_its_own_rate() {
        let mut plain = options("");
        with_jack(&mut plain, &server(&["system:capture_1", "system:capture_2"]), false);
        let set = ["--backend=jack", "--sample-rate=44100", "--period-size=256"];
        assert_eq!(plain.0[..3], set);
        assert_eq!(plain.0[3..], ["--connect-jack-inputs=system:capture_1"]);
        let mut unconnected = options("-b auto");
        with_jack(&mut unconnected, &server(&["system:capture_1"]), true);
        assert_eq!(unconnected.0, set);
        let mut given = options("--connect-jack-inputs usb:capture_2");
        with_jack(&mut given, &server(&["system:capture_1"]), false);
        assert_eq!(given.value("--connect-jack-inputs", None), Some("usb:capture_2"));
        assert_eq!(given.0.iter().filter(|option| option.starts_with("--connect")).count(), 1);
    }

    #[test]
    fn a_stream_is_chosen_that_the_devices_can() {
        let (mono, stereo) = (layout(1, 2), layout(2, 2));
        assert!(mono != stereo && channels_in(mono) == Some(1) && channels_in(stereo) == Some(2));
        let chosen = |wish: &Wish, can: fn(usize, u32, u32) -> bool| {
            wish.choose(can).map(|choice| (choice.rate_hz, choice.buffer_samples, choice.layout))
        };
        let any = Wish::default();
        assert_eq!(chosen(&any, |_, _, _| true), Some((48_000, 128, mono)));
        assert_eq!(chosen(&any, |channels, _, _| channels == 2), Some((48_000, 128, stereo)));
        assert_eq!(chosen(&any, |_, hz, buffer| hz == 44_100 && buffer > 200), Some((44_100, 256, mono)));
        assert_eq!(chosen(&any, |channels, _, _| channels == 4), None);
        let said = Wish::of(&options("-r 96000 --period-size=64 -l2"));
        assert_eq!(chosen(&said, |_, _, _| true), Some((96_000, 64, 2)));
        assert_eq!(chosen(&Wish::of(&options("-l 9")), |_, _, _| true), None, "the framework refuses it");
    }

    #[test]
    fn what_the_player_says_of_the_delay_stays() {
        let choice = Choice { rate_hz: 48_000, buffer_samples: 128, layout: 3 };
        let mut plain = options("");
        choice.set(&mut plain);
        assert_eq!(plain.value("--input-latency", None), Some("0.0153"));
        assert_eq!(plain.value("--input-capacity", None), Some("0.0767"));
        let mut given = options("--input-latency 0.2");
        choice.set(&mut given);
        assert_eq!(given.value("--input-latency", None), Some("0.2"));
        assert!(!given.has("--input-capacity", None), "room for as much is the framework's");
    }
}
