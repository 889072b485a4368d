//! Several channels through the channels of one impulse response.

use super::Convolver;

/// Channels of a response that say what becomes of left and right on both sides.
pub const TRUE_STEREO: usize = 4;

/// Convolves the channels of a stream with those of a response.
///
/// A response of one channel is for every channel of the stream; one of several is taken channel by channel,
/// and begins again where the stream has more. One of four, in a stream of two, is true stereo: left to
/// left, left to right, right to left, right to right. In a stream of one channel the mean of them all is
/// heard.
#[derive(Debug)]
pub struct ConvolverBank {
    paths: Vec<Path>,
    part: Vec<f32>,
    wet: Vec<Vec<f32>>,
}

/// From a channel to a channel.
#[derive(Debug)]
struct Path {
    from: usize,
    to: usize,
    /// Whether another one before it leads there too.
    adds: bool,
    convolver: Convolver,
}

impl ConvolverBank {
    /// For a stream of `channels` channels in blocks of up to `max_block_samples`. The responses, at least
    /// one, are multiplied by `gain`.
    pub fn new(responses: &[Vec<f32>], gain: f64, channels: usize, max_block_samples: usize) -> Self {
        let scaled = |h: &[f32], gain: f64| h.iter().map(|&h| (gain * f64::from(h)) as f32).collect();
        let path = |from, to, h: Vec<f32>| Path { from, to, adds: false, convolver: Convolver::new(&h) };
        let mut paths: Vec<_> = match (responses.len(), channels) {
            (TRUE_STEREO, 2) => {
                let sides = [(0, 0), (0, 1), (1, 0), (1, 1)];
                let pairs = sides.into_iter().zip(responses);
                pairs.map(|((from, to), h)| path(from, to, scaled(h, gain))).collect()
            }
            (several, 1) => vec![path(0, 0, scaled(&mean(responses), gain * mono_gain(several)))],
            (several, _) => {
                (0..channels).map(|c| path(c, c, scaled(&responses[c % several], gain))).collect()
            }
        };
        for later in 1..paths.len() {
            let to = paths[later].to;
            paths[later].adds = paths[..later].iter().any(|path| path.to == to);
        }
        let block = vec![0.0; max_block_samples];
        Self { paths, part: block.clone(), wet: vec![block; channels] }
    }

    /// Convolves the first `length` samples of a block, and gives the answer: as many channels, of which only
    /// the first `length` samples mean anything.
    pub fn process<C: AsRef<[f32]>>(&mut self, channels: &[C], length: usize) -> &[Vec<f32>] {
        for path in &mut self.paths {
            let (input, wet) = (&channels[path.from].as_ref()[..length], &mut self.wet[path.to][..length]);
            if path.adds {
                let part = &mut self.part[..length];
                path.convolver.process(input, part);
                wet.iter_mut().zip(&*part).for_each(|(wet, part)| *wet += part);
            } else {
                path.convolver.process(input, wet);
            }
        }
        &self.wet
    }

    /// After this many samples of silence nothing is left of what came before: as after a reset.
    pub fn memory_samples(&self) -> usize {
        self.paths.iter().map(|path| path.convolver.memory_samples()).max().unwrap_or(0)
    }

    /// Silence before.
    pub fn reset(&mut self) {
        self.paths.iter_mut().for_each(|path| path.convolver.reset());
    }
}

/// In true stereo two channels of the response meet on each side.
fn mono_gain(responses: usize) -> f64 {
    if responses == TRUE_STEREO { 2.0 } else { 1.0 }
}

fn mean(responses: &[Vec<f32>]) -> Vec<f32> {
    let mut mean = responses[0].clone();
    for other in &responses[1..] {
        mean.iter_mut().zip(other).for_each(|(mean, other)| *mean += other);
    }
    mean.iter_mut().for_each(|mean| *mean /= responses.len() as f32);
    mean
}
