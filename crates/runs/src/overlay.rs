//! Draws the heat of an explanation over its image.

/// Colours from no heat to the highest, in equal steps: matplotlib's viridis (CC0). It is readable with red-green
/// colour blindness, and its lightness increases throughout.
const COLOURS: [[f32; 3]; 5] =
    [[68.0, 1.0, 84.0], [59.0, 82.0, 139.0], [33.0, 145.0, 140.0], [94.0, 201.0, 98.0], [253.0, 231.0, 37.0]];
/// Share of the colour in a pixel.
const SHARE: f32 = 0.5;

/// Blends RGB pixels with the colours of `heat`, which has a value from 0 to 1 per pixel.
pub(crate) fn overlay(rgb: &[u8], heat: &[f32]) -> Vec<u8> {
    let blend = |(pixel, heat): (&[u8], &f32)| {
        let colour = colour(*heat);
        std::array::from_fn::<u8, 3, _>(|channel| {
            (f32::from(pixel[channel]) * (1.0 - SHARE) + colour[channel] * SHARE).round() as u8
        })
    };
    rgb.chunks_exact(3).zip(heat).flat_map(blend).collect()
}

fn colour(heat: f32) -> [f32; 3] {
    let step = heat.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f32;
    let before = (step as usize).min(COLOURS.len() - 2);
    let share = step - before as f32;
    std::array::from_fn(|channel| {
        COLOURS[before][channel] * (1.0 - share) + COLOURS[before + 1][channel] * share
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_is_light_where_it_is_high_and_the_image_shows_through() {
        assert_eq!(overlay(&[0, 0, 0, 255, 255, 255], &[0.0, 1.0]), [34, 1, 42, 254, 243, 146]);
        let lightness = |heat: f32| colour(heat).iter().sum::<f32>();
        assert!((0..10).all(|step| lightness(step as f32 / 10.0) < lightness((step + 1) as f32 / 10.0)));
    }
}
