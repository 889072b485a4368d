//! Networks of several sizes in one run.

use super::Network;
use crate::TrainerError;
use shared::model::WaveNetSpec;

/// Most sizes of one run.
const MOST: usize = 8;

impl Network {
    /// The architectures that learn from the same batches, smallest first: all of a packed network, or the one.
    ///
    /// # Errors
    /// One is impossible or cannot be trained; a packed network has fewer than two sizes or more than eight, two
    /// alike, or one inside another.
    pub fn specs(&self) -> Result<Vec<WaveNetSpec>, TrainerError> {
        let Self::Packed(sizes) = self else { return Ok(vec![self.spec()?]) };
        let refuse = |problem: String| Err(TrainerError::Setting(format!("`packed`: {problem}")));
        if !(2..=MOST).contains(&sizes.len()) {
            return refuse(format!("{} sizes; 2 to {MOST} are possible", sizes.len()));
        }
        if sizes.iter().any(|size| matches!(size, Self::Packed(_))) {
            return refuse("a size is packed itself; write all sizes into one list".into());
        }
        let mut specs = sizes.iter().map(Self::spec).collect::<Result<Vec<_>, _>>()?;
        specs.sort_by_key(WaveNetSpec::weight_count);
        if let Some(pair) = specs.windows(2).find(|pair| pair[0].weight_count() == pair[1].weight_count()) {
            return refuse(format!("two sizes have {} weights; they must differ", pair[0].weight_count()));
        }
        if let Some(spec) = specs.iter().find(|spec| spec.causal != specs[0].causal) {
            let delay = spec.lookahead_samples().max(specs[0].lookahead_samples());
            return refuse(format!(
                "one size looks {delay} samples ahead and another does not; all must be causal or none"
            ));
        }
        Ok(specs)
    }
}
