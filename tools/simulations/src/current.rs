//! The primary family of a report: every configuration against the baseline.

use ranklab_stats::{Compared, Family, NonInferiority, Scope, Scores, Verdict, holm};

use crate::ALPHA;
use crate::claims::{Claim, Side};
use crate::error::Result;
use crate::study::Study;

/// The claims about methods of every configuration against the first, each kind corrected by Holm.
///
/// # Errors
/// When the configurations cannot be compared.
pub fn current(study: &Study, margin: f64) -> Result<Vec<Claim>> {
    let scores: Vec<Scores> = study
        .members
        .iter()
        .map(|seeds| Scores::new(&study.layout, seeds))
        .collect::<ranklab_stats::Result<_>>()?;
    let family = Family::new(&study.layout, scores.iter().collect())?;
    let compared: Vec<Compared<'_>> = (1..family.len())
        .map(|candidate| family.compare(0, candidate, 1.0 - ALPHA))
        .collect::<ranklab_stats::Result<_>>()?;
    let mut equivalences = Vec::new();
    let mut losses: Vec<NonInferiority> = Vec::new();
    for pair in &compared {
        equivalences.push(pair.equivalence(margin, ALPHA)?);
        losses.push(pair.noninferiority(margin, ALPHA)?);
    }
    let p_of_difference = holm(&compared.iter().map(|pair| pair.difference.p).collect::<Vec<_>>())?;
    let p_of_equivalence = holm(&equivalences.iter().map(|found| found.p).collect::<Vec<_>>())?;
    let p_of_loss = holm(&losses.iter().map(|found| found.p).collect::<Vec<_>>())?;
    let claim = |place: usize| {
        let found = &compared[place].difference;
        let speaks = found.scope == Scope::Methods && found.concentration.carries_claims();
        let equivalence = equivalences[place].corrected(p_of_equivalence[place]);
        let verdict = Verdict::new(found.difference, &found.interval, p_of_difference[place], &equivalence);
        let different = matches!(verdict, Verdict::Better | Verdict::Worse | Verdict::EquivalentYetDifferent);
        let worse = if found.difference > 0.0 { Side::Other } else { Side::Reference };
        Claim {
            reference: 0,
            other: place + 1,
            worse: (speaks && different).then_some(worse),
            equivalent: speaks && matches!(verdict, Verdict::Equivalent | Verdict::EquivalentYetDifferent),
            noninferior: speaks && losses[place].corrected(p_of_loss[place]).noninferior,
        }
    };
    Ok((0..compared.len()).map(claim).collect())
}
