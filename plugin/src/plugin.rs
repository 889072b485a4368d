//! The glue between the amp and the plugin framework.

use crate::amp::{Desk, Loader, Patience};
use crate::compare::{Carrier, DryRing};
use crate::editor::{self, TonewrightEditor};
use crate::factory::DEFAULT_SLOT;
use crate::library::{Library, Stepper};
use crate::params::{Known, ListenParam, Loading, TonewrightParams};
use crate::presets::PresetStepper;
use crate::rack::{Fault, Guard, Link, LoadMeter, Rack, RackFormat, Telemetry, caught};
use crate::session::InLibrary;
use nih_plug::prelude::*;
use nih_plug_egui::RepaintNotifier;
use shared::word_eq::Mode;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer blocks are run in parts; hosts that render offline ask for very long ones.
const MAX_PART_SAMPLES: usize = 4096;

/// Longest block of a host that is kept in case it has to be passed as it came, in samples. No host sends as many, and one that
/// says so by mistake must not cost the memory.
const LONGEST_BLOCK_SAMPLES: u32 = 1 << 20;

/// How often a window at rest shows its figures anew while silence plays, in seconds.
const FIGURES_SECONDS: f64 = 2.0;

/// Longest wait for a model where waiting is allowed.
const LOAD_LIMIT: Duration = Duration::from_secs(30);

/// How often in its life an instance that broke down asks its host for a new start: what breaks again and again is left alone.
const MOST_RESTARTS: u32 = 3;

/// The plugin.
pub struct Tonewright {
    params: Arc<TonewrightParams>,
    desk: Arc<Desk>,
    loader: Loader,
    rack: Rack,
    telemetry: Arc<Telemetry>,
    load: LoadMeter,
    notifier: RepaintNotifier,
    /// What came in, for comparisons.
    dry: Option<Arc<DryRing>>,
    sample_rate_hz: f64,
    /// The host has no deadline: it renders.
    offline: bool,
    patience: Patience,
    /// What is known of the balances that the session keeps.
    known: Known,
    /// Who listens, as of the last activation.
    listening: ListenParam,
    /// The delay a restart was asked for.
    asked_latency_samples: Option<usize>,
    /// The listening a restart was asked for.
    asked_listening: ListenParam,
    /// Sound until a window at rest shows its figures anew.
    until_figures_seconds: f64,
    /// Stands between the host and the audio path.
    guard: Guard,
    /// How often a new start may still be asked for after a breakdown.
    restarts_left: u32,
    /// One was asked for since the last activation.
    asked_restart: bool,
}

impl Default for Tonewright {
    fn default() -> Self {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let link = Arc::new(Link::default());
        let telemetry = Arc::new(Telemetry::default());
        let params = Arc::new(TonewrightParams::new(&desk));
        let mut stepper = Stepper::new(&params, Library::shared);
        desk.add_errand(Box::new(move |desk| stepper.run(desk)));
        let mut presets = PresetStepper::new(&params, &desk);
        desk.add_errand(Box::new(move |desk| presets.run(desk)));
        let mut carrier = Carrier::new(&params.compare);
        desk.add_errand(Box::new(move |desk| carrier.run(desk)));
        Self {
            params,
            loader: Loader::start_with(desk.clone(), link.clone(), Arc::new(InLibrary)),
            rack: Rack::new(link, telemetry.clone()),
            desk,
            load: LoadMeter::new(telemetry.clone()),
            notifier: RepaintNotifier::new(),
            dry: None,
            sample_rate_hz: 0.0,
            offline: false,
            patience: Patience::new(LOAD_LIMIT),
            known: Known::default(),
            listening: ListenParam::Thread,
            asked_listening: ListenParam::Thread,
            asked_latency_samples: None,
            until_figures_seconds: 0.0,
            guard: Guard::new(telemetry.clone()),
            restarts_left: MOST_RESTARTS,
            asked_restart: false,
            telemetry,
        }
    }
}

const fn layout(channels_in: u32, channels_out: u32) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels_in),
        main_output_channels: NonZeroU32::new(channels_out),
        ..AudioIOLayout::const_default()
    }
}

impl Plugin for Tonewright {
    const NAME: &'static str = "Tonewright";
    const VENDOR: &'static str = "Tonewright";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[layout(2, 2), layout(1, 1), layout(1, 2)];

    /// The framework cuts blocks where a parameter changes, so that automation is on time to the sample in any block.
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;

    type Editor = TonewrightEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn filter_state(state: &mut PluginState) {
        crate::params::limits::hold(state);
        crate::params::limits::complete(state);
        crate::session::complete(state);
        Loading::begin(state);
    }

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _: AsyncExecutor<Self>) -> Option<Self::Editor> {
        editor::create(
            self.params.clone(),
            self.desk.clone(),
            self.loader.status(),
            self.telemetry.clone(),
            self.rack.eq_view(),
            self.rack.tuner_tap(),
            self.notifier.clone(),
        )
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let channels = |count: Option<NonZeroU32>| count.map_or(0, NonZeroU32::get) as usize;
        let format = RackFormat {
            sample_rate_hz: f64::from(config.sample_rate),
            max_block_samples: (config.max_buffer_size as usize).clamp(1, MAX_PART_SAMPLES),
            channels_in: channels(layout.main_input_channels),
            channels_out: channels(layout.main_output_channels),
        };
        self.offline = config.process_mode == ProcessMode::Offline;
        self.desk.set_offline(self.offline);
        self.sample_rate_hz = format.sample_rate_hz;
        (self.asked_latency_samples, self.asked_restart) = (None, false);
        // Hosts send one that long, and the rack plays it in parts.
        let longest = config.max_buffer_size.clamp(1, LONGEST_BLOCK_SAMPLES) as usize;
        let whole = RackFormat { max_block_samples: longest, ..format };
        self.load.prepare(format.sample_rate_hz, whole.max_block_samples, !self.offline);
        let (latency_samples, fault) = match crate::amp::base_latency_samples(format.sample_rate_hz) {
            // A host that is refused may leave the track silent.
            Err(_) => (0, Some(Fault::Rate)),
            Ok(_) => match caught(|| self.set_up(format)) {
                Some(latency_samples) => (latency_samples, None),
                None => (0, Some(Fault::Panic)),
            },
        };
        if let Some(fault) = fault {
            nice_error!("{}", fault.text(format.sample_rate_hz));
            self.notifier.request_repaint();
        }
        self.guard.prepare(&whole, latency_samples, fault);
        context.set_latency_samples(latency_samples as u32);
        true
    }

    fn reset(&mut self) {
        // Hosts call this from the audio thread, where a panic would be as bad as one while playing.
        self.guard.reset();
        if self.guard.fault().is_none() {
            let rack = &mut self.rack;
            self.guard.protect(|| rack.reset());
        }
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let begin = Instant::now();
        let (samples, offline) = (buffer.samples(), self.offline);
        let Self { guard, rack, params, known, dry, patience, desk, .. } = self;
        let played = guard.run(buffer.as_slice(), |channels| {
            if offline {
                patience.wait(desk);
            }
            let controls = params.controls(known);
            if let Some(dry) = dry {
                dry.write(channels);
            }
            rack.process(channels, controls);
            params.eq.keep_frozen(&controls.eq, known, rack.eq_monitor());
        });
        if played.is_none() {
            self.ask_for_a_new_start(context);
            return ProcessStatus::Normal;
        }

        // A latency may only change while the host activates the plugin, and only then may a listener
        // be started or stopped.
        let changed = self.rack.changed_latency_samples();
        let other_delay = changed.is_some() && changed != self.asked_latency_samples;
        self.asked_latency_samples = changed;
        let listen = self.params.eq.listen.value();
        let other_listening = listen != self.listening && listen != self.asked_listening;
        self.asked_listening = listen;
        if other_delay || other_listening {
            context.request_restart();
        }

        let seconds = samples as f64 / self.sample_rate_hz;
        if let Some(piece) = buffer.as_slice_immutable().first() {
            self.load.add(begin.elapsed(), piece);
        }
        self.until_figures_seconds -= seconds;
        let figures = self.until_figures_seconds <= 0.0;
        if figures {
            self.until_figures_seconds = FIGURES_SECONDS;
        }
        if self.telemetry.wakes(figures) {
            self.notifier.request_repaint();
        }
        // Hosts may leave out what sleeps until there is sound again.
        // A VST3 host would take that for no tail at all.
        match self.rack.is_asleep() && context.plugin_api() != PluginApi::Vst3 {
            true => ProcessStatus::Normal,
            false => ProcessStatus::Tail(u32::try_from(self.rack.tail_samples()).unwrap_or(u32::MAX)),
        }
    }
}

impl Tonewright {
    /// Makes the audio path ready, and gives its delay in samples.
    fn set_up(&mut self, format: RackFormat) -> usize {
        self.desk.set_format(format);
        // Hosts may process right after this, some of them offline: the first sample must sound
        // right already.
        self.patience.renew();
        if !self.patience.wait(&self.desk) {
            nice_error!("the model is still loading after {LOAD_LIMIT:?}");
        }
        self.listening = self.params.eq.listen.value();
        self.asked_listening = self.listening;
        // Without a deadline there is time to listen in line, so that a bounce is repeatable.
        self.rack.listen(if self.offline { Mode::InLine } else { self.listening.into() });
        self.rack.prepare(format);
        // What is frozen sounds so from the first sample on.
        self.rack.foresee(&self.params.eq.controls(&mut self.known));
        self.dry = Some(self.params.compare.ring(format.channels_in, format.sample_rate_hz));
        self.rack.latency_samples()
    }

    /// After a breakdown. What hosts do then is to activate anew, which is all that helps.
    fn ask_for_a_new_start(&mut self, context: &mut impl ProcessContext<Self>) {
        let may = self.guard.fault() == Some(Fault::Panic) && !self.asked_restart && self.restarts_left > 0;
        if may {
            (self.asked_restart, self.restarts_left) = (true, self.restarts_left - 1);
            context.request_restart();
            self.notifier.request_repaint();
        }
    }
}

impl ClapPlugin for Tonewright {
    const CLAP_ID: &'static str = "dev.tonewright.tonewright";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Guitar amplifier with neural amps");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Distortion,
        ClapFeature::Custom("tonewright:guitar"),
        ClapFeature::Stereo,
        ClapFeature::Mono,
    ];

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        crate::remote::lay_out(&self.params, context);
    }
}

impl Vst3Plugin for Tonewright {
    const VST3_CLASS_ID: [u8; 16] = *b"TonewrightNeural";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Distortion, Vst3SubCategory::Stereo];
}

nice_export_clap!(Tonewright);
nice_export_vst3!(Tonewright);
