//! The primary family of a report: every configuration against the baseline.

use ranklab_stats::{Compared, Equivalence, Family, NonInferiority, Scope, Scores, Verdict, holm};

use crate::claims::{ALPHA, Claim, Side};
use crate::error::Result;
use crate::study::Study;

/// The claims about methods of the watched candidates against the first configuration, each kind corrected by Holm over
/// all candidates. Where no watched one could be claimed equivalent or not inferior even without a correction, the others
/// are not tested for that, since a correction never makes p smaller; this only saves time.
///
/// # Errors
/// When the configurations cannot be compared.
pub fn current(study: &Study, margin: f64, watched: &[usize]) -> Result<Vec<Claim>> {
    let scores: Vec<Scores> = study
        .members
        .iter()
        .map(|seeds| Scores::new(&study.layout, seeds))
        .collect::<ranklab_stats::Result<_>>()?;
    let family = Family::new(&study.layout, scores.iter().collect())?;
    let candidates: Vec<usize> = (1..family.len()).collect();
    let compared: Vec<Compared<'_>> = candidates
        .iter()
        .map(|candidate| family.compare(0, *candidate, 1.0 - ALPHA))
        .collect::<ranklab_stats::Result<_>>()?;
    let p_of_difference = holm(&compared.iter().map(|pair| pair.difference.p).collect::<Vec<_>>())?;
    let within = |candidates: &[usize]| -> Result<Vec<Within>> {
        candidates.iter().map(|candidate| Within::new(&compared[candidate - 1], margin)).collect()
    };
    let watched_within = within(watched)?;
    let corrected = if watched_within.iter().any(Within::is_any) {
        let all = within(&candidates)?;
        let of_equivalence = holm(&all.iter().map(|within| within.equivalence.p).collect::<Vec<_>>())?;
        let of_loss = holm(&all.iter().map(|within| within.loss.p).collect::<Vec<_>>())?;
        watched
            .iter()
            .map(|candidate| candidate - 1)
            .map(|place| all[place].corrected(of_equivalence[place], of_loss[place]))
            .collect()
    } else {
        watched_within
    };
    let claim = |(candidate, within): (&usize, &Within)| {
        let (found, p) = (&compared[candidate - 1].difference, p_of_difference[candidate - 1]);
        let speaks = found.scope == Scope::Methods && found.concentration.carries_claims();
        let verdict = Verdict::new(found.difference, &found.interval, p, &within.equivalence);
        let different = matches!(verdict, Verdict::Better | Verdict::Worse | Verdict::EquivalentYetDifferent);
        let worse = if found.difference > 0.0 { Side::Other } else { Side::Reference };
        Claim {
            reference: 0,
            other: *candidate,
            worse: (speaks && different).then_some(worse),
            equivalent: speaks && matches!(verdict, Verdict::Equivalent | Verdict::EquivalentYetDifferent),
            noninferior: speaks && within.loss.noninferior,
        }
    };
    Ok(watched.iter().zip(&corrected).map(claim).collect())
}

/// What is tested with a margin.
struct Within {
    equivalence: Equivalence,
    loss: NonInferiority,
}

impl Within {
    fn new(pair: &Compared<'_>, margin: f64) -> Result<Self> {
        Ok(Self { equivalence: pair.equivalence(margin, ALPHA)?, loss: pair.noninferiority(margin, ALPHA)? })
    }

    fn is_any(&self) -> bool {
        self.equivalence.equivalent || self.loss.noninferior
    }

    fn corrected(&self, p_of_equivalence: f64, p_of_loss: f64) -> Self {
        Self {
            equivalence: self.equivalence.corrected(p_of_equivalence),
            loss: self.loss.corrected(p_of_loss),
        }
    }
}
