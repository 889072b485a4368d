//! Slimmable models: one amp in several sizes, and a dial between them.

use super::{ModelError, Network};
use std::cmp::Ordering;

/// One size of a [`Slimmable`] model.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// The quality, exclusive, up to which this size is used. The last size has no end.
    pub below: f64,
    /// What runs at this size: never slimmable itself.
    pub network: Network,
    /// Level of this size's output on the trainer's loudness signal, in dBFS rms, where it was
    /// measured.
    pub loudness_dbfs: Option<f32>,
}

/// The same amp in several sizes, smallest first; a quality from 0 to 1 chooses one.
#[derive(Clone, Debug, PartialEq)]
pub struct Slimmable {
    sizes: Vec<Size>,
}

impl Slimmable {
    /// Joins sizes, in order of ascending quality.
    ///
    /// # Errors
    /// There is none, the order is wrong, the last does not reach to quality 1 or another one beyond
    /// it, the first ends at quality 0 or before, or one is itself slimmable or a graph of unknown
    /// architecture.
    pub fn new(sizes: Vec<Size>) -> Result<Self, ModelError> {
        let wrong = |problem: String| Err(ModelError::Architecture(problem));
        let Some(last) = sizes.last() else {
            return wrong("a slimmable model without any size".into());
        };
        if last.below.is_nan() || last.below < 1.0 {
            return wrong(format!("the largest size ends at quality {}, before 1", last.below));
        }
        if let Some(pair) =
            sizes.windows(2).find(|p| p[0].below.partial_cmp(&p[1].below) != Some(Ordering::Less))
        {
            let (a, b) = (pair[0].below, pair[1].below);
            return wrong(format!("the sizes' qualities do not ascend: {b} follows {a}"));
        }
        if let Some(out) = sizes[..sizes.len() - 1].iter().find(|s| s.below <= 0.0 || s.below > 1.0) {
            return wrong(format!(
                "a size ends at quality {}; all but the largest end above 0 and at most at 1, or one of them could never be chosen",
                out.below
            ));
        }
        if sizes
            .iter()
            .any(|s| matches!(s.network, Network::Slimmable(_) | Network::Parametric(_) | Network::Graph(_)))
        {
            return wrong("a size of a slimmable model must be a plain network".into());
        }
        Ok(Self { sizes })
    }

    /// The sizes, smallest first.
    pub fn sizes(&self) -> &[Size] {
        &self.sizes
    }

    /// The size for a quality from 0 to 1, as its place in [`Slimmable::sizes`].
    pub fn size_at(&self, quality: f64) -> usize {
        let last = self.sizes.len() - 1;
        self.sizes[..last].iter().position(|s| quality < s.below).unwrap_or(last)
    }

    /// The network for a quality from 0 to 1.
    pub fn at_quality(&self, quality: f64) -> &Network {
        &self.sizes[self.size_at(quality)].network
    }

    /// The largest network.
    pub fn full(&self) -> &Network {
        &self.full_size().network
    }

    /// The largest size.
    pub(super) fn full_size(&self) -> &Size {
        &self.sizes[self.sizes.len() - 1]
    }
}
