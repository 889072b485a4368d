//! The audio thread of the host.

use super::calls::{Host, HostFault};
use clack_extensions::tail::PluginTail;
use clack_host::events::event_types::ParamValueEvent;
use clack_host::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Runs a block, and may watch what it does.
pub type Watch = std::sync::Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// A value that a parameter gets at a sample of what is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub at: usize,
    pub id: ClapId,
    pub value: f64,
}

/// What is played, and how.
pub(super) struct Score<'a> {
    /// One vector a channel.
    pub input: &'a [Vec<f32>],
    pub channels_out: usize,
    /// Lengths, taken in turn.
    pub blocks: &'a [usize],
    /// By their samples, the earliest first.
    pub changes: &'a [Change],
    /// Sample rate of a sound card to keep pace with.
    pub pace_hz: Option<u32>,
    pub watch: Option<Watch>,
}

/// What comes back from the audio thread.
pub(super) struct Played {
    pub processor: StoppedPluginAudioProcessor<Host>,
    pub output: Result<Vec<Vec<f32>>, HostFault>,
    pub longest_block: Duration,
    /// What the plugin said of its tail behind the last block, in samples.
    pub tail_samples: u32,
}

/// The audio thread.
pub(super) fn run(
    processor: StoppedPluginAudioProcessor<Host>,
    score: &Score<'_>,
    played_samples: &AtomicUsize,
) -> Played {
    let mut started = match processor.start_processing() {
        Ok(started) => started,
        Err(error) => {
            let output = Err(HostFault::refused("start processing", &error));
            return Played {
                processor: error.into_stopped_processor(),
                output,
                longest_block: Duration::ZERO,
                tail_samples: 0,
            };
        }
    };
    let frames = score.input[0].len();
    assert!(score.input.iter().all(|channel| channel.len() == frames), "channels of different lengths");
    let mut output = vec![vec![0.0f32; frames]; score.channels_out];
    let mut input_ports = AudioPorts::with_capacity(score.input.len(), 1);
    let mut output_ports = AudioPorts::with_capacity(score.channels_out, 1);
    let mut changes = score.changes.iter().peekable();
    // Room for what the plugin says, so that none is made while it does.
    let (mut events_in, mut events_out) = (EventBuffer::new(), EventBuffer::with_capacity(4_096));
    let mut longest_block = Duration::ZERO;
    let mut fault = None;
    let mut at = 0;
    for &block in score.blocks.iter().cycle() {
        let n = block.min(frames - at);
        if n == 0 {
            break;
        }
        // The plugin gets memory of its own, of exactly the length of the block.
        let mut block_in: Vec<Vec<f32>> = score.input.iter().map(|c| c[at..at + n].to_vec()).collect();
        let mut block_out = vec![vec![f32::NAN; n]; score.channels_out];
        let channels_in = block_in.iter_mut().map(|channel| InputChannel::variable(channel.as_mut_slice()));
        let ports_in = input_ports.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(channels_in),
        }]);
        let channels_out = block_out.iter_mut().map(|channel| channel.as_mut_slice());
        let mut ports_out = output_ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(channels_out),
        }]);
        events_in.clear();
        while let Some(change) = changes.next_if(|change| change.at < at + n) {
            let offset = change.at.saturating_sub(at) as u32;
            events_in.push(&ParamValueEvent::new(offset, change.id, Pckn::match_all(), change.value));
        }
        let mut processed = Ok(ProcessStatus::Continue);
        let mut process = || {
            let events = (events_in.as_input(), &mut events_out.as_output());
            processed =
                started.process(&ports_in, &mut ports_out, &events.0, events.1, Some(at as u64), None);
        };
        let begun = Instant::now();
        match &score.watch {
            None => process(),
            Some(watch) => watch(&mut process),
        }
        longest_block = longest_block.max(begun.elapsed());
        if let Err(error) = processed {
            fault = Some(HostFault::refused("process", error));
            break;
        }
        for (channel, block) in output.iter_mut().zip(&block_out) {
            channel[at..at + n].copy_from_slice(block);
        }
        events_out.clear();
        at += n;
        played_samples.store(at, Ordering::SeqCst);
        if let Some(rate_hz) = score.pace_hz {
            let duration = Duration::from_secs_f64(n as f64 / f64::from(rate_hz));
            std::thread::sleep(duration.saturating_sub(begun.elapsed()));
        }
    }
    let handle = started.plugin_handle();
    let tail = handle.get_extension::<PluginTail>().map(|tail| tail.get(&handle).to_raw());
    Played {
        processor: started.stop_processing(),
        output: fault.map_or(Ok(output), Err),
        longest_block,
        tail_samples: tail.unwrap_or(0),
    }
}
