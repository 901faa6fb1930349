//! The reviews of the Large Movie Review Dataset as two files of records.
//!
//! Maas, Daly, Pham, Huang, Ng, Potts: "Learning Word Vectors for Sentiment Analysis",
//! ACL-HLT 2011. Its 25,000 training reviews become `train.jsonl` (20,000) and `dev.jsonl`
//! (5,000) in the form that AllenNLP's guide uses: a fifth of the reviews of each label is
//! drawn for `dev`, then each file is shuffled. A review whose exact text occurs more than
//! once stays in `train`, so that no text is in both files. The result depends on the
//! reviews and the seed alone, not on their order in the archive.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::error::DataError;
use super::source::{Downloads, Location, open};
use super::whole_file::write_whole;
use crate::python::push_json_string;
use crate::random::Rng;

/// The number of labelled training reviews of the official archive.
pub const N_OFFICIAL: usize = 25_000;

/// How many reviews of each label stay in `train` for one in `dev`.
const TRAIN_PER_DEV: usize = 4;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// `train.jsonl`.
    pub train: PathBuf,
    /// `dev.jsonl`.
    pub dev: PathBuf,
    /// The reviews in `train.jsonl`.
    pub n_train: usize,
    /// The reviews in `dev.jsonl`.
    pub n_dev: usize,
}

/// A review and what its file's name says.
struct Review {
    is_positive: bool,
    number: u32,
    rating: u32,
    text: String,
}

/// Writes `train.jsonl` and `dev.jsonl` into `folder`, which is made if need be; refuses to
/// replace them.
///
/// `archive` is `aclImdb_v1.tar.gz`, or the folder `aclImdb` in it, or the folder around
/// that. `observe` is told the number of reviews read so far.
pub fn prepare_imdb(
    archive: &Path,
    folder: &Path,
    seed: u64,
    observe: &mut dyn FnMut(usize),
) -> Result<Prepared, DataError> {
    let (train, dev) = (folder.join("train.jsonl"), folder.join("dev.jsonl"));
    for path in [&train, &dev] {
        if path.exists() {
            return Err(DataError::Exists { path: path.clone() });
        }
    }
    let mut reviews = if archive.is_dir() {
        unpacked_reviews(archive, observe)?
    } else {
        archived_reviews(archive, observe)?
    };
    if reviews.is_empty() {
        return Err(DataError::NoReviews {
            path: archive.to_owned(),
        });
    }
    reviews.sort_by_key(|review| (review.is_positive, review.number, review.rating));
    let (in_train, in_dev) = split(&reviews, seed);
    fs::create_dir_all(folder).map_err(|source| DataError::Write {
        path: folder.to_owned(),
        source,
    })?;
    for (path, chosen) in [(&train, &in_train), (&dev, &in_dev)] {
        let write = |file: &mut BufWriter<File>| {
            let mut records = chosen.iter().map(|at| record(&reviews[*at]));
            records.try_for_each(|record| file.write_all(record.as_bytes()))
        };
        write_whole(path, write).map_err(|source| {
            // Both files or none.
            let _ = fs::remove_file(&train);
            let path = path.clone();
            DataError::Write { path, source }
        })?;
    }
    Ok(Prepared {
        train,
        dev,
        n_train: in_train.len(),
        n_dev: in_dev.len(),
    })
}

/// The reviews in a tar file, which is read once from end to end.
fn archived_reviews(
    archive: &Path,
    observe: &mut dyn FnMut(usize),
) -> Result<Vec<Review>, DataError> {
    let path = archive.to_string_lossy();
    let location = Location {
        path: &path,
        key: None,
    };
    let failed = |source: io::Error| DataError::Read {
        path: path.clone().into_owned(),
        source,
    };
    let mut tar = tar::Archive::new(open(location, &Downloads::default())?);
    let mut reviews = Vec::new();
    for entry in tar.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = entry.path().map_err(failed)?.into_owned();
        let Some((is_positive, number, rating)) = labelled(&name) else {
            continue;
        };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(failed)?;
        reviews.push(Review {
            is_positive,
            number,
            rating,
            text: text(bytes, &name)?,
        });
        observe(reviews.len());
    }
    Ok(reviews)
}

/// The reviews in a folder.
fn unpacked_reviews(
    folder: &Path,
    observe: &mut dyn FnMut(usize),
) -> Result<Vec<Review>, DataError> {
    let inner = folder.join("aclImdb");
    let root = if inner.is_dir() { &inner } else { folder };
    let mut reviews = Vec::new();
    for label in ["neg", "pos"] {
        let folder = root.join("train").join(label);
        let failed = |source: io::Error| DataError::Read {
            path: folder.display().to_string(),
            source,
        };
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some((is_positive, number, rating)) = labelled(&path) else {
                continue;
            };
            let bytes = fs::read(&path).map_err(|source| DataError::Read {
                path: path.display().to_string(),
                source,
            })?;
            reviews.push(Review {
                is_positive,
                number,
                rating,
                text: text(bytes, &path)?,
            });
            observe(reviews.len());
        }
    }
    Ok(reviews)
}

/// What the end of a path, `train/pos/127_9.txt`, says: label, number and rating.
fn labelled(path: &Path) -> Option<(bool, u32, u32)> {
    let mut parts = path.iter().rev().map(|part| part.to_str());
    let (name, label, part) = (parts.next()??, parts.next()??, parts.next()??);
    let is_positive = match label {
        "pos" => true,
        "neg" => false,
        _ => return None,
    };
    let (number, rating) = name.strip_suffix(".txt")?.split_once('_')?;
    (part == "train").then_some((is_positive, number.parse().ok()?, rating.parse().ok()?))
}

fn text(bytes: Vec<u8>, path: &Path) -> Result<String, DataError> {
    String::from_utf8(bytes).map_err(|_| DataError::ReviewEncoding {
        path: path.display().to_string(),
    })
}

/// The numbers of the reviews of each file, in the file's order.
fn split(reviews: &[Review], seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut occurrences: BTreeMap<&str, usize> = BTreeMap::new();
    for review in reviews {
        *occurrences.entry(&review.text).or_default() += 1;
    }
    let (mut train, mut dev) = (Vec::new(), Vec::new());
    for (stream, is_positive) in [(0, false), (1, true)] {
        let with_label = |at: &usize| reviews[*at].is_positive == is_positive;
        let of_label: Vec<usize> = (0..reviews.len()).filter(with_label).collect();
        let wanted = of_label.len() / (TRAIN_PER_DEV + 1);
        let is_unique = |at: &usize| occurrences[reviews[*at].text.as_str()] == 1;
        let (mut unique, repeated): (Vec<usize>, Vec<usize>) =
            of_label.into_iter().partition(is_unique);
        Rng::keyed(seed, "draw of the dev reviews", stream, 0).shuffle(&mut unique);
        let rest = unique.split_off(wanted.min(unique.len()));
        dev.extend(unique);
        train.extend(rest);
        train.extend(repeated);
    }
    for (stream, file) in [(0, &mut train), (1, &mut dev)] {
        file.sort_unstable();
        Rng::keyed(seed, "order of the reviews", stream, 0).shuffle(file);
    }
    (train, dev)
}

/// A line of the file. AllenNLP's ids are those of the negative reviews; positive ones go on
/// from 12,500, so that ids are unique.
fn record(review: &Review) -> String {
    let Review { number, rating, .. } = review;
    let (label, first_id) = if review.is_positive {
        ("pos", 12_500)
    } else {
        ("neg", 0)
    };
    let mut text = String::new();
    push_json_string(&mut text, &review.text);
    format!(
        "{{\"id\": \"train_{}\", \"orig\": \"aclImdb/train/{label}/{number}_{rating}.txt\", \
         \"rating\": {rating}, \"label\": \"{label}\", \"text\": {text}}}\n",
        first_id + number
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// Paths and texts of a tiny set: 20 reviews of each label, one text three times.
    fn tiny() -> Vec<(String, String)> {
        let mut files = vec![
            ("aclImdb/README".to_owned(), "read me".to_owned()),
            (
                "aclImdb/train/unsup/0_0.txt".to_owned(),
                "unlabelled".to_owned(),
            ),
            (
                "aclImdb/test/pos/0_10.txt".to_owned(),
                "of the test part".to_owned(),
            ),
            (
                "aclImdb/train/pos/urls.txt".to_owned(),
                "http://".to_owned(),
            ),
        ];
        for number in 0..20 {
            for (label, rating) in [("pos", 7 + number % 4), ("neg", 1 + number % 4)] {
                let text = match number {
                    3 | 7 if label == "neg" => "Twice the same".to_owned(),
                    _ => format!("{label} {number} <br />\u{85}\t\"é\\😀"),
                };
                files.push((format!("aclImdb/train/{label}/{number}_{rating}.txt"), text));
            }
        }
        files
    }

    fn archive(files: &[(String, String)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    fn records(path: &Path) -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.is_ascii());
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn an_archive_becomes_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let tar = folder.path().join("tiny.tar.gz");
        fs::write(&tar, archive(&tiny())).unwrap();
        let out = folder.path().join("out/imdb");
        let mut seen = Vec::new();
        let prepared = prepare_imdb(&tar, &out, 1, &mut |n| seen.push(n)).unwrap();
        assert_eq!((prepared.n_train, prepared.n_dev), (32, 8));
        assert_eq!(seen, (1..=40).collect::<Vec<usize>>());
        let (train, dev) = (records(&prepared.train), records(&prepared.dev));
        let texts = |records: &[Value]| -> BTreeSet<String> {
            records
                .iter()
                .map(|record| record["text"].as_str().unwrap().to_owned())
                .collect()
        };
        assert!(texts(&train).is_disjoint(&texts(&dev)));
        assert!(texts(&train).contains("Twice the same"));
        assert_eq!((train.len(), dev.len()), (32, 8));
        for (records, each) in [(&train, 16), (&dev, 4)] {
            let positive = records.iter().filter(|record| record["label"] == "pos");
            assert_eq!(positive.count(), each);
        }
        let all: BTreeSet<String> = texts(&train).union(&texts(&dev)).cloned().collect();
        let expected = tiny()
            .split_off(4)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(all, expected);
        let line = fs::read_to_string(&prepared.train).unwrap()
            + &fs::read_to_string(&prepared.dev).unwrap();
        let expected = r#"{"id": "train_12505", "orig": "aclImdb/train/pos/5_8.txt", "rating": 8, "label": "pos", "text": "pos 5 <br />\u0085\t\"\u00e9\\\ud83d\ude00"}"#;
        assert!(line.lines().any(|line| line == expected), "{line}");
        let is_in_front = |record: &Value| record["label"] == "neg";
        assert!(!train.is_sorted_by_key(|record| !is_in_front(record)));
        assert!(!train.is_sorted_by_key(is_in_front));
    }

    #[test]
    fn only_the_reviews_and_the_seed_decide() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut files = tiny();
        fs::write(path("a.tar.gz"), archive(&files)).unwrap();
        files.reverse();
        fs::write(path("b.tar.gz"), archive(&files)).unwrap();
        for (name, text) in &files {
            let file = path("unpacked").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let dev = |source: &str, out: &str, seed| {
            let prepared = prepare_imdb(&path(source), &path(out), seed, &mut |_| ()).unwrap();
            fs::read_to_string(prepared.dev).unwrap()
        };
        let first = dev("a.tar.gz", "1", 1);
        assert_eq!(dev("b.tar.gz", "2", 1), first);
        assert_eq!(dev("unpacked", "3", 1), first);
        assert_eq!(dev("unpacked/aclImdb", "4", 1), first);
        assert_ne!(dev("a.tar.gz", "5", 2), first);
        let again = prepare_imdb(&path("a.tar.gz"), &path("1"), 1, &mut |_| ()).unwrap_err();
        assert!(
            again
                .to_string()
                .ends_with("train.jsonl` exists already; choose another folder or remove it")
        );
    }

    #[test]
    fn another_archive_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let problem = |name: &str| {
            let error = prepare_imdb(&path(name), &path("out"), 1, &mut |_| ()).unwrap_err();
            assert!(!path("out").exists());
            error.to_string()
        };
        assert!(problem("absent.tar.gz").starts_with("there is no file"));
        fs::write(path("other.tar.gz"), archive(&tiny()[..3])).unwrap();
        assert!(problem("other.tar.gz").contains("expected the Large Movie Review Dataset"));
        assert!(problem("").contains("expected the Large Movie Review Dataset"));
        let whole = archive(&tiny());
        fs::write(path("cut.tar.gz"), &whole[..whole.len() / 2]).unwrap();
        let cut = problem("cut.tar.gz");
        let named = format!("cannot read `{}`: ", path("cut.tar.gz").display());
        assert!(cut.starts_with(&named), "{cut}");
        fs::write(path("text.tar.gz"), "no archive at all").unwrap();
        assert!(!problem("text.tar.gz").is_empty());
    }
}
