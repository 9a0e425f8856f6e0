//! The one place that calls the matrix-product kernel, whose interface is made of raw pointers.
#![allow(unsafe_code)]

/// `out = left · right`, all row-major: `[rows, inner] · [inner, columns]`, on the calling thread.
///
/// # Panics
/// When a slice is shorter than its shape says.
pub(crate) fn multiply([rows, inner, columns]: [usize; 3], left: &[f32], right: &[f32], out: &mut [f32]) {
    assert!(left.len() >= rows * inner && right.len() >= inner * columns && out.len() >= rows * columns);
    // SAFETY: the shapes lie within the slices as just asserted, strides are those of dense row-major
    // matrices, and `out` is borrowed mutably, so that it overlaps neither operand.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            columns as isize,
            false,
            left.as_ptr(),
            1,
            inner as isize,
            right.as_ptr(),
            1,
            columns as isize,
            0.0f32,
            1.0f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_that_of_the_definition() {
        let left = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let right = [1.0, 0.0, 0.0, 1.0, 10.0, 100.0];
        let mut out = [0.0; 4];
        multiply([2, 3, 2], &left, &right, &mut out);
        assert_eq!(out, [31.0, 302.0, 64.0, 605.0]);
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn a_slice_that_is_too_short_is_refused() {
        multiply([2, 2, 2], &[0.0; 3], &[0.0; 4], &mut [0.0; 4]);
    }
}
