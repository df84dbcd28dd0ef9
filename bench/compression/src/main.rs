//! Compresses sessions of 1, 4, 20 and 100 KB with each algorithm, and prints the size that is left and the
//! microseconds of both directions.

use std::hint::black_box;
use std::time::{Duration, Instant};

const SIZES: [usize; 4] = [1_000, 4_000, 20_000, 100_000];
const TIME: Duration = Duration::from_millis(150);

/// A shop's session as express-session writes it: a cookie, a user, tokens of a login, a cart, pages seen.
fn session(size: usize) -> String {
    let mut random = Random(size as u64 + 88_172_645_463_325_252);
    let mut json = format!(
        r#"{{"cookie":{{"originalMaxAge":86400000,"expires":"2026-11-29T18:21:36.565Z","secure":true,"httpOnly":true,"path":"/","sameSite":"lax"}},"passport":{{"user":{{"id":"{}","email":"ann.smith@example.com","name":"Ann Smith","roles":["customer","reviewer"],"locale":"en-GB"}}}},"csrfSecret":"{}","returnTo":"/account/orders","flash":{{}},"idToken":"{}","cart":["#,
        random.uuid(),
        random.text(24),
        random.text(size / 8),
    );
    let (names, colours) = (["Walking boots", "Rain jacket", "Head torch", "Tent", "Water bottle"], ["red", "black", "moss green", "blue"]);
    let mut number = 0;
    while json.len() < size * 6 / 10 {
        if number > 0 {
            json.push(',');
        }
        number += 1;
        let price = random.below(20_000);
        json += &format!(
            r#"{{"sku":"SKU-{}","name":"{}","quantity":{},"price":{{"amount":{}.{:02},"currency":"EUR"}},"options":{{"colour":"{}","size":{}}},"addedAt":"2026-11-28T1{}:{:02}:{:02}.{:03}Z"}}"#,
            100_000 + random.below(900_000),
            names[random.below(5)],
            1 + random.below(3),
            price / 100,
            price % 100,
            colours[random.below(4)],
            36 + random.below(10),
            random.below(8),
            random.below(60),
            random.below(60),
            random.below(1000),
        );
    }
    json += r#"],"seen":["#;
    let mut is_first = true;
    while json.len() < size - 60 {
        if !is_first {
            json.push(',');
        }
        is_first = false;
        json += &format!(
            r#"{{"page":"/products/{}","at":17952{}}}"#,
            random.below(10_000),
            10_000_000 + random.below(80_000_000)
        );
    }
    json + "]}"
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
    fn text(&mut self, length: usize) -> String {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..length).map(|_| letters[self.below(64)] as char).collect()
    }
    fn uuid(&mut self) -> String {
        let hex = format!("{:016x}{:016x}", self.next(), self.next());
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

type Convert = fn(&[u8]) -> Vec<u8>;

fn algorithms() -> Vec<(&'static str, Convert, Convert)> {
    let mut all: Vec<(&'static str, Convert, Convert)> = Vec::new();
    #[cfg(feature = "miniz_oxide")]
    {
        use miniz_oxide::deflate::compress_to_vec_zlib as pack;
        let unpack: Convert = |bytes| {
            miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(bytes, 1 << 22).unwrap()
        };
        all.push(("miniz_oxide 1", |bytes| pack(bytes, 1), unpack));
        all.push(("miniz_oxide 2", |bytes| pack(bytes, 2), unpack));
        all.push(("miniz_oxide 3", |bytes| pack(bytes, 3), unpack));
        all.push(("miniz_oxide 4", |bytes| pack(bytes, 4), unpack));
        all.push(("miniz_oxide 6", |bytes| pack(bytes, 6), unpack));
    }
    #[cfg(feature = "flate2")]
    {
        use std::io::{Read, Write};
        fn pack(bytes: &[u8], level: u32) -> Vec<u8> {
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(level));
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        let unpack: Convert = |bytes| {
            let mut json = Vec::new();
            flate2::read::ZlibDecoder::new(bytes)
                .take(1 << 22)
                .read_to_end(&mut json)
                .unwrap();
            json
        };
        all.push(("zlib-rs 1", |bytes| pack(bytes, 1), unpack));
        all.push(("zlib-rs 3", |bytes| pack(bytes, 3), unpack));
        all.push(("zlib-rs 6", |bytes| pack(bytes, 6), unpack));
    }
    #[cfg(feature = "lz4_flex")]
    all.push((
        "lz4_flex",
        lz4_flex::block::compress_prepend_size,
        |bytes| lz4_flex::block::decompress_size_prepended(bytes).unwrap(),
    ));
    #[cfg(feature = "snap")]
    all.push((
        "snap",
        |bytes| snap::raw::Encoder::new().compress_vec(bytes).unwrap(),
        |bytes| snap::raw::Decoder::new().decompress_vec(bytes).unwrap(),
    ));
    #[cfg(feature = "ruzstd")]
    all.push((
        "ruzstd fastest",
        |bytes| {
            ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
        },
        |bytes| {
            use std::io::Read;
            let mut json = Vec::new();
            ruzstd::decoding::StreamingDecoder::new(bytes)
                .unwrap()
                .read_to_end(&mut json)
                .unwrap();
            json
        },
    ));
    #[cfg(feature = "brotli")]
    {
        use std::io::{Read, Write};
        fn pack(bytes: &[u8], quality: u32) -> Vec<u8> {
            let mut packed = Vec::new();
            brotli::CompressorWriter::new(&mut packed, 4096, quality, 18)
                .write_all(bytes)
                .unwrap();
            packed
        }
        let unpack: Convert = |bytes| {
            let mut json = Vec::new();
            brotli::Decompressor::new(bytes, 4096)
                .read_to_end(&mut json)
                .unwrap();
            json
        };
        all.push(("brotli 2", |bytes| pack(bytes, 2), unpack));
        all.push(("brotli 5", |bytes| pack(bytes, 5), unpack));
    }
    all
}

/// The microseconds that `convert` takes, the shortest of many runs of a few milliseconds.
fn micros(convert: Convert, bytes: &[u8]) -> f64 {
    let begin = Instant::now();
    let mut best = f64::MAX;
    while begin.elapsed() < TIME {
        let run = Instant::now();
        for _ in 0..8 {
            black_box(convert(black_box(bytes)));
        }
        best = best.min(run.elapsed().as_secs_f64() * 1e6 / 8.0);
    }
    best
}

fn main() {
    println!("{:16} {:>8} {:>8} {:>6} {:>10} {:>10}", "", "bytes", "left", "ratio", "µs there", "µs back");
    for size in SIZES {
        let json = session(size);
        for (name, pack, unpack) in algorithms() {
            let packed = pack(json.as_bytes());
            assert_eq!(unpack(&packed), json.as_bytes());
            println!(
                "{name:16} {:>8} {:>8} {:>6.2} {:>10.1} {:>10.1}",
                json.len(),
                packed.len(),
                json.len() as f64 / packed.len() as f64,
                micros(pack, json.as_bytes()),
                micros(unpack, &packed),
            );
        }
    }
}
