//! A product of rounded rows with a packed kernel.

use super::element::Element;
use crate::processor::vectors::vectorized;

/// Columns of a panel.
pub(crate) const PANEL: usize = 32;

/// `[rows, inner] · [inner, panels · 32]`; `inner` is in whole groups.
#[derive(Debug)]
pub(crate) struct Product<'a, E: Element> {
    /// Values of a row.
    pub(crate) inner: usize,
    /// `[rows, inner]`.
    pub(crate) left: &'a [E::Value],
    /// `[panels, inner / group, 32, group]`.
    pub(crate) weights: Weights<'a, E>,
    /// What sums start at: `[panels · 32]`.
    pub(crate) start: &'a [E::Sum],
}

/// Panels, and what is read after them.
#[derive(Debug)]
pub(crate) struct Weights<'a, E: Element> {
    pub(crate) now: &'a [E::Weight],
    pub(crate) later: &'a [E::Weight],
}

impl<E: Element> Clone for Weights<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Element> Copy for Weights<'_, E> {}

impl<E: Element> Product<'_, E> {
    pub(crate) fn rows(&self) -> usize {
        self.left.len() / self.inner
    }

    /// Sums of a row of the output.
    pub(crate) fn columns(&self) -> usize {
        self.start.len()
    }

    /// Whether the operands' sizes fit together and the output's.
    pub(super) fn fits(&self, out: &[E::Sum]) -> bool {
        self.inner > 0
            && self.inner.is_multiple_of(E::GROUP)
            && self.left.len().is_multiple_of(self.inner)
            && self.columns().is_multiple_of(PANEL)
            && self.weights.now.len() == self.columns() * self.inner
            && out.len() == self.rows() * self.columns()
    }
}

/// The product on processors without a dot-product instruction.
pub(super) fn multiply_portable<E: Element>(product: &Product<'_, E>, out: &mut [E::Sum]) {
    let Product { inner, left, weights, start } = *product;
    let columns = product.columns();
    vectorized(
        #[inline(always)]
        || {
            for (row, out) in left.chunks_exact(inner).zip(out.chunks_exact_mut(columns)) {
                out.copy_from_slice(start);
                for (panel, out) in weights.now.chunks_exact(inner * PANEL).zip(out.chunks_exact_mut(PANEL)) {
                    let groups = row.chunks_exact(E::GROUP).zip(panel.chunks_exact(PANEL * E::GROUP));
                    for (values, weights) in groups {
                        for (sum, weights) in out.iter_mut().zip(weights.chunks_exact(E::GROUP)) {
                            *sum = E::add(*sum, values, weights);
                        }
                    }
                }
            }
        },
    );
}
