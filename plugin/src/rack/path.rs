//! The path of the audio through all parts of the rack.

use super::amp::Amp;
use super::cab::Cab;
use super::gate::Gate;
use super::loops::{amplify, flush, limit, limit_finite, peak, power};
use super::pick::Pick;
use super::sleep::{Sleep, silent_at_first, silent_at_last};
use super::{Controls, EqView, Link, RackFormat, Telemetry, TunerTap};
use shared::chain::processors::ToneStack;
use shared::chain::{Bypass, Processor, Purpose};
use shared::dsp::ramp::Ramp;
use shared::simd::FlushDenormals;
use shared::word_eq::{self, EqModel, Mode, Monitor, WordEq};
use smallvec::SmallVec;
use std::sync::Arc;

/// How long gains and switches take to move, in seconds.
const RAMP_SECONDS: f64 = 0.020;

/// What comes in is kept below this, 40 dB above full scale: a broken neighbour in the host's
/// chain must not drive a network to infinity.
const INPUT_LIMIT: f32 = 100.0;

/// What the rack gives is cut off at this after the output gain, 24 dB above full scale: a broken
/// model of the player's own must not send 1e30 to speakers. Full scale with the output knob fully up
/// is still below it, so that what a working model gives is left alone. Bypassed signals are bounded
/// by the limit of the input.
pub const OUTPUT_LIMIT: f32 = 16.0;

/// What a voice gives is cut off at this, 100 dB above full scale: what a broken
/// model gave must not ring on in the filters. It is far above what reaches [`OUTPUT_LIMIT`] with the output
/// turned down by 60 dB.
const WET_LIMIT: f32 = 1e5;

/// Channels that the audio thread can play without asking for memory.
const USUAL_CHANNELS: usize = 8;

type Signals<'a> = SmallVec<[&'a mut [f32]; USUAL_CHANNELS]>;

/// The audio path. [`Rack::process`] and [`Rack::reset`] belong to the audio thread: they allocate
/// nothing, free nothing and lock nothing.
///
/// What is switched off keeps running, so that there is no burst of an old sound when it is heard again. Nothing runs in
/// silence: once it has come in for [`Rack::tail_samples`] and the output stands still, the rack sleeps until
/// there is sound, a change of the controls or something new from the loader. Then it goes on as if it had not slept,
/// but for a constant that some models answer silence with: it fades out and in again.
pub struct Rack {
    link: Arc<Link>,
    telemetry: Arc<Telemetry>,
    tap: Arc<TunerTap>,
    tuner_was_on: bool,
    pick: Pick,
    gate: Gate,
    amp: Amp,
    tone: ToneStack,
    tone_bypass: Option<Bypass>,
    cab: Cab,
    eq: WordEq,
    eq_mode: Mode,
    eq_view: EqView,
    /// Whether the equaliser was in the path last.
    eq_enabled: bool,
    format: Option<RackFormat>,
    bypass: Option<Bypass>,
    trim: Ramp,
    output_gain: Ramp,
    /// 0 where the tuner mutes.
    audible: Ramp,
    /// Nothing was heard since the last reset: changes need no fades.
    silent: bool,
    sleep: Sleep,
    /// As of the last block.
    controls: Option<Controls>,
    blocks: Blocks,
}

/// Memory for a part of a block.
#[derive(Default)]
struct Blocks {
    /// What goes through the parts: all channels that go out.
    signal: Vec<Vec<f32>>,
    before_eq: Vec<f32>,
    after_eq: Vec<f32>,
    gains: Vec<f32>,
    /// The last sample of each channel before the equaliser.
    last_before_eq: Vec<f32>,
}

impl Rack {
    /// A rack that takes amps and loudspeakers from `link` and equalises with what comes along.
    pub fn new(link: Arc<Link>, telemetry: Arc<Telemetry>) -> Self {
        Self::with_eq(link, telemetry, crate::words::model().cloned())
    }

    /// A rack that takes its words from `model`; without one the equaliser's bands are the player's alone.
    pub fn with_eq(link: Arc<Link>, telemetry: Arc<Telemetry>, model: Option<Arc<EqModel>>) -> Self {
        let eq_view = EqView::default();
        Self {
            link,
            telemetry,
            tap: Arc::default(),
            tuner_was_on: false,
            pick: Pick::new(),
            gate: Gate::new(),
            amp: Amp::default(),
            tone: ToneStack::default(),
            tone_bypass: None,
            cab: Cab::default(),
            eq: WordEq::new(model, eq_view.monitor.clone()),
            eq_mode: Mode::Listener,
            eq_view,
            eq_enabled: false,
            format: None,
            bypass: None,
            trim: Ramp::new(1.0, 1),
            output_gain: Ramp::new(1.0, 1),
            audible: Ramp::new(1.0, 1),
            silent: true,
            sleep: Sleep::new(),
            controls: None,
            blocks: Blocks::default(),
        }
    }

    /// The queues that it takes amps and loudspeakers from.
    #[cfg(test)]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// What the equaliser shows, for whoever looks.
    pub fn eq_view(&self) -> EqView {
        self.eq_view.clone()
    }

    /// What the equaliser shows in numbers.
    pub fn eq_monitor(&self) -> &Monitor {
        &self.eq_view.monitor
    }

    /// What the tuner hears.
    pub fn tuner_tap(&self) -> Arc<TunerTap> {
        self.tap.clone()
    }

    /// Waits until the listener has heard all that was played, so that nothing is late. For tests and
    /// whoever else is faster than time, never for the audio thread of a live host.
    pub fn wait_for_listener(&self) {
        self.eq.wait_for_listener();
    }

    /// Chooses who listens for the equaliser, from the next [`Rack::prepare`] on.
    pub fn listen(&mut self, mode: Mode) {
        self.eq_mode = mode;
    }

    /// Gets ready for a format, takes over what the loader has left, and settles on the delay. Not for
    /// the audio thread.
    pub fn prepare(&mut self, format: RackFormat) {
        let wide = format.wide();
        self.pick.prepare(&format);
        self.amp.prepare(&format, &self.link.voices);
        self.gate.prepare(&format, self.amp.latency_samples());
        // The tone stack works at every rate and for every number of channels.
        let _ = self.tone.prepare(format.narrow(), Purpose::Live);
        self.tone_bypass = Some(Bypass::new(format.narrow(), 0, true));
        self.cab.prepare(&format, &self.link.speakers);
        let length = format.samples(RAMP_SECONDS);
        for ramp in [&mut self.trim, &mut self.output_gain, &mut self.audible] {
            *ramp = Ramp::new(0.0, length);
        }
        self.tap.set_rate(format.sample_rate_hz);
        self.eq.prepare(format.sample_rate_hz, wide.channels, self.eq_mode);
        let problem = self.eq.problem().map(ToString::to_string);
        self.eq_view.set_problem(problem.or_else(|| crate::words::fault().map(str::to_owned)));
        let block = vec![0.0; format.max_block_samples];
        self.blocks = Blocks {
            signal: vec![block.clone(); wide.channels],
            before_eq: block.clone(),
            after_eq: block.clone(),
            gains: block,
            last_before_eq: vec![0.0; wide.channels],
        };
        self.sleep.prepare(&format);
        self.format = Some(format);
        self.bypass = Some(Bypass::new(wide, self.latency_samples(), true));
        self.telemetry.set_format(&format, self.latency_samples());
        self.reset();
    }

    /// Finds out what the equaliser proposes before any sound where it needs none, see [`WordEq::foresee`]. Between
    /// [`Rack::prepare`] and the first block; not for the audio thread.
    pub fn foresee(&mut self, controls: &word_eq::Controls) {
        self.eq.foresee(controls);
    }

    /// Delay between input and output in samples, as of the last [`Rack::prepare`].
    pub fn latency_samples(&self) -> usize {
        self.amp.latency_samples()
    }

    /// The delay of what plays, if it is another one than was settled on: the host
    /// should be asked to prepare again.
    pub fn changed_latency_samples(&self) -> Option<usize> {
        let newest = self.amp.newest().map(|voice| voice.latency_samples());
        newest.filter(|&l| l != self.latency_samples())
    }

    /// Whether a model had to be muted since the last call, because it gave values that are no
    /// numbers.
    pub fn take_muted(&self) -> bool {
        self.telemetry.take_muted()
    }

    /// Samples that sound on after the input has ended, latency counted.
    pub fn tail_samples(&self) -> usize {
        let Some(format) = &self.format else { return 0 };
        self.tail_beside_cab_samples(format) + self.cab.tail_samples()
    }

    /// What sleep waits for: no shorter than the tail, and the same whether a loudspeaker is heard or on its way out.
    fn longest_tail_samples(&self, format: &RackFormat) -> usize {
        self.tail_beside_cab_samples(format) + self.cab.longest_tail_samples()
    }

    fn tail_beside_cab_samples(&self, format: &RackFormat) -> usize {
        let ringing_seconds = if self.eq_enabled { word_eq::TAIL_SECONDS } else { 0.0 };
        let ringing = (ringing_seconds * format.sample_rate_hz).ceil() as usize;
        self.latency_samples() + self.amp.tail_samples(format) + self.tone.tail_samples() + ringing
    }

    /// Silence before, and the next block begins with its controls at once.
    pub fn reset(&mut self) {
        self.pick.reset();
        self.gate.reset();
        self.amp.reset(&self.link.voices);
        self.tone.reset();
        self.cab.reset(&self.link.speakers);
        self.eq.reset();
        for bypass in [&mut self.tone_bypass, &mut self.bypass].into_iter().flatten() {
            bypass.reset();
        }
        self.sleep.reset();
        self.controls = None;
        self.silent = true;
    }

    /// Whether nothing is computed and nothing heard, because there was silence for long enough.
    pub fn is_asleep(&self) -> bool {
        self.sleep.is_deep()
    }

    /// Processes a block in place: the sound that came in lies in the first `channels_in` of the `channels_out`
    /// channels. All are of one length, which may be larger than prepared. Channels that were not
    /// prepared for are left alone.
    pub fn process(&mut self, channels: &mut [&mut [f32]], controls: Controls) {
        let _flush = FlushDenormals::new();
        let Some(format) = self.format else { return };
        let Some(channels) = channels.get_mut(..format.channels_out) else { return };
        let length = channels.iter().map(|c| c.len()).min().unwrap_or(0);
        if length == 0 {
            return;
        }
        let arrived = self.take_arrived(&format);
        if arrived || self.controls != Some(controls) {
            self.sleep.wake(self.eq.constant_gain());
            self.controls = Some(controls);
            // What was aimed at stays aimed at: levels and times need not be computed anew for every block.
            self.aim(&controls);
        }
        let tail_samples = self.longest_tail_samples(&format);
        let mut at = 0;
        while at < length {
            let most = (at + format.max_block_samples).min(length);
            let sounding = &channels[..format.channels_in];
            let quiet = silent_at_first(sounding, at, most);
            if quiet == 0 {
                self.sleep.wake(self.eq.constant_gain());
            }
            let trailing = silent_at_last(sounding, at, most);
            let to = at + self.sleep.part(quiet, trailing, most - at, tail_samples);
            // Reaches for memory only with more channels than any plugin has.
            let mut part: Signals<'_> = channels.iter_mut().map(|c| &mut c[at..to]).collect();
            if self.sleep.is_deep() {
                part.iter_mut().for_each(|channel| channel.fill(0.0));
                self.rest(to - at, &controls);
            } else {
                self.begin(&mut part, &format);
                if self.sleep.is_asleep() {
                    self.rest(to - at, &controls);
                } else {
                    self.play(to - at, &format, &controls);
                    self.sleep.mend(&mut self.blocks.signal, &mut self.blocks.gains[..to - at]);
                    let is_settled = self.gate.is_closed() && self.cab.is_settled();
                    let can_sleep = is_settled.then(|| self.eq.constant_gain());
                    let is_silence = quiet >= to - at;
                    self.sleep.listen(&self.blocks.signal, to - at, is_silence, tail_samples, can_sleep);
                }
                self.finish(&mut part);
            }
            at = to;
        }
        self.silent = false;
    }

    /// Takes what the loader has left. Says whether there was or is anything.
    fn take_arrived(&mut self, format: &RackFormat) -> bool {
        let arrived = self.link.has_mail();
        let came = self.amp.take(format, &self.link, self.silent);
        self.cab.take(format, &self.link.speakers, self.silent);
        // An amp may have come after the look at the mail, and a turn may wait for the one before.
        arrived || came
    }

    /// Silence goes by while the rack sleeps. Whoever listens beside hears it.
    fn rest(&mut self, length: usize, controls: &Controls) {
        let Blocks { signal, before_eq, after_eq, gains, last_before_eq } = &mut self.blocks;
        if !self.sleep.is_deep() {
            self.sleep.play(signal, &mut gains[..length]);
        }
        let (before, after) = (&mut before_eq[..length], &mut after_eq[..length]);
        before.fill(0.0);
        after.fill(0.0);
        if controls.tuner.on {
            self.tap.write(before);
        }
        self.telemetry.input_power(0.0, length);
        self.eq.rest(last_before_eq, length, &controls.eq);
        self.eq_view.scope.write(before, after);
    }

    fn aim(&mut self, controls: &Controls) {
        let jump = self.silent;
        let factor = |db: f32| 10f32.powf(db / 20.0);
        self.pick.aim(controls.input.channels, jump);
        self.trim.aim(factor(controls.input.trim_db));
        self.output_gain.aim(factor(controls.output.gain_db + controls.output.match_db));
        self.audible.aim(f32::from(u8::from(!(controls.tuner.on && controls.tuner.mute))));
        if controls.tuner.on && !self.tuner_was_on {
            self.tap.begin();
        }
        self.tuner_was_on = controls.tuner.on;
        self.gate.aim(&controls.gate, jump);
        self.amp.aim(controls, jump);
        let tone = &controls.tone;
        for (at, db) in [tone.bass_db, tone.mid_db, tone.treble_db, tone.presence_db].into_iter().enumerate()
        {
            self.tone.set(at, f64::from(db));
        }
        self.cab.aim(&controls.cab, jump);
        self.eq_enabled = controls.eq.enabled;
        let switches = [(&mut self.tone_bypass, tone.on), (&mut self.bypass, !controls.bypass)];
        for (bypass, on) in switches {
            let Some(bypass) = bypass else { continue };
            bypass.aim(on);
            if jump {
                bypass.finish();
            }
        }
        if jump {
            [&mut self.trim, &mut self.output_gain, &mut self.audible].into_iter().for_each(Ramp::finish);
            self.tone.reset();
        }
    }

    /// Bounds what comes in, keeps it for the way past everything, and lays it down in the signal.
    fn begin(&mut self, channels: &mut [&mut [f32]], format: &RackFormat) {
        let length = channels[0].len();
        channels[..format.channels_in].iter_mut().for_each(|channel| limit_finite(channel, INPUT_LIMIT));
        widen(channels, format.channels_in);
        if let Some(bypass) = &mut self.bypass {
            bypass.keep(channels, length);
        }
        let gains = &mut self.blocks.gains[..length];
        self.trim.fill(gains);
        let sounding = &channels[..format.channels_in];
        let heard = sounding[self.pick.heard(format.channels_in)].iter();
        self.telemetry.raw_input(heard.fold(0.0, |most, channel| most.max(peak(channel))));
        let narrow = &mut self.blocks.signal[..format.channels_in];
        for (signal, channel) in narrow.iter_mut().zip(sounding) {
            signal[..length].copy_from_slice(channel);
        }
        self.pick.process(narrow, length);
        let mut most = 0.0f32;
        for (c, signal) in narrow.iter_mut().enumerate() {
            signal.iter_mut().zip(&*gains).for_each(|(sample, gain)| *sample *= gain);
            self.telemetry.input(c, peak(&signal[..length]));
            most = most.max(power(&signal[..length]));
        }
        self.telemetry.input_power(most / length as f32, length);
    }

    /// The signal through all parts.
    fn play(&mut self, length: usize, format: &RackFormat, controls: &Controls) {
        let narrow = &mut self.blocks.signal[..format.channels_in];
        if controls.tuner.on {
            self.tap.write(&narrow[0][..length]);
        }
        self.gate.before(narrow, length);
        if self.amp.process(narrow, length, &self.link.voices) {
            self.telemetry.mute();
        }
        narrow.iter_mut().for_each(|channel| limit(&mut channel[..length], WET_LIMIT));
        self.gate.after(narrow, length);
        if let Some(bypass) = &mut self.tone_bypass {
            bypass.keep(narrow, length);
            self.tone.process(&mut slices(narrow, length));
            bypass.mix(narrow, length);
        }
        let signal = &mut self.blocks.signal;
        widen(&mut slices(signal, length), format.channels_in);
        self.cab.process(signal, length, &self.link.speakers);
        let (before, after) = (&mut self.blocks.before_eq[..length], &mut self.blocks.after_eq[..length]);
        for (last, signal) in self.blocks.last_before_eq.iter_mut().zip(&*signal) {
            *last = signal[length - 1];
        }
        mean(signal, before);
        self.eq.process(&mut slices(signal, length), &controls.eq);
        mean(signal, after);
        self.eq_view.scope.write(before, after);
    }

    /// The output gain, the limit and the way past everything.
    fn finish(&mut self, channels: &mut [&mut [f32]]) {
        let length = channels[0].len();
        let gains = &mut self.blocks.gains[..length];
        self.output_gain.fill(gains);
        for (channel, signal) in channels.iter_mut().zip(&self.blocks.signal) {
            // The largest floats become infinite here, and infinity times nothing is no number.
            amplify(&signal[..length], gains, OUTPUT_LIMIT, channel);
        }
        // What goes past everything is not muted: a host compares it with what came in.
        if !self.audible.rests_at(1.0) {
            self.audible.fill(gains);
            for channel in channels.iter_mut() {
                channel.iter_mut().zip(&*gains).for_each(|(out, gain)| *out *= gain);
            }
        }
        if let Some(bypass) = &mut self.bypass {
            bypass.mix(channels, length);
        }
        for (c, channel) in channels.iter_mut().enumerate() {
            // The dry signal is copied, and copies do not flush denormals.
            flush(channel);
            self.telemetry.output(c, peak(channel));
        }
    }
}

/// The first `length` samples of each channel.
fn slices(signal: &mut [Vec<f32>], length: usize) -> Signals<'_> {
    signal.iter_mut().map(|channel| &mut channel[..length]).collect()
}

/// Copies the first channel into those that carry no sound.
fn widen(channels: &mut [&mut [f32]], sounding: usize) {
    if let Some((first, others)) = channels.split_first_mut() {
        others.iter_mut().skip(sounding.max(1) - 1).for_each(|other| other.copy_from_slice(first));
    }
}

/// The mean of all channels.
fn mean(channels: &[Vec<f32>], mono: &mut [f32]) {
    let share = 1.0 / channels.len() as f32;
    mono.fill(0.0);
    for channel in channels {
        mono.iter_mut().zip(channel).for_each(|(mono, sample)| *mono += share * sample);
    }
}
