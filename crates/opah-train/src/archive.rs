//! A trained model on disk: a serialization directory, or the `model.tar.gz` in it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::checkpoint;
use crate::config::{self, Config, Document, ExtVars};
use crate::data::Vocabulary;
use crate::model::Model;
use crate::run_files::BEST;
use crate::serialization::{DirectoryError, SerializationDir, io};
use crate::trainer::TrainError;

/// The archive's name in its directory.
const ARCHIVE: &str = "model.tar.gz";
/// The weights' name in an archive.
const WEIGHTS: &str = "weights.safetensors";

/// A model that was trained, with all that it needs.
#[derive(Debug)]
pub struct Archive {
    /// The configuration as it was evaluated for the training.
    pub document: Document,
    /// The same as types.
    pub config: Config,
    /// Tokens and labels by number.
    pub vocabulary: Vocabulary,
    /// The model with its best weights.
    pub model: Model,
}

/// Packs what a serialization directory holds of its best epoch.
pub(crate) fn write(directory: &SerializationDir) -> Result<(), DirectoryError> {
    directory.make(ARCHIVE, |path| {
        // Weights are nearly random bits: more effort gains nothing.
        let mut packed =
            tar::Builder::new(GzEncoder::new(File::create(path)?, Compression::fast()));
        for (name, stored_as) in [
            ("config.json", "config.json"),
            ("meta.json", "meta.json"),
            (BEST, WEIGHTS),
        ] {
            append(&mut packed, &directory.file(name), stored_as)?;
        }
        let mut names: Vec<_> = fs::read_dir(directory.file("vocabulary"))?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        names.sort();
        for path in names {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            append(&mut packed, &path, &format!("vocabulary/{name}"))?;
        }
        packed.into_inner()?.finish()?.flush()
    })
}

/// Adds a file under a fixed owner and time, so that equal models make equal archives.
fn append(packed: &mut tar::Builder<impl Write>, path: &Path, name: &str) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(fs::metadata(path)?.len());
    header.set_mode(0o644);
    header.set_mtime(0);
    packed.append_data(&mut header, name, File::open(path)?)
}

impl Archive {
    /// Opens a serialization directory, or a `model.tar.gz`; `weights` replaces the best
    /// weights by another file's.
    pub fn open(path: &Path, weights: Option<&Path>) -> Result<Self, TrainError> {
        let metadata = fs::metadata(path).map_err(io("read", path))?;
        if metadata.is_dir() {
            return Self::of_directory(path, path, weights);
        }
        let unpacked = tempfile::tempdir().map_err(io("make", &std::env::temp_dir()))?;
        unpack(path, unpacked.path())?;
        Self::of_directory(unpacked.path(), path, weights)
    }

    /// `shown` is the path for messages.
    fn of_directory(
        folder: &Path,
        shown: &Path,
        weights: Option<&Path>,
    ) -> Result<Self, TrainError> {
        let missing = |missing: &str| DirectoryError::Damaged {
            path: shown.to_owned(),
            problem: format!("this is no trained model: {missing}"),
        };
        let file = folder.join("config.json");
        if !file.exists() {
            return Err(missing("it has no config.json").into());
        }
        let document = config::evaluate(&file, &ExtVars::default())?;
        let config = document.read()?;
        let weights = match weights {
            Some(given) => given.to_owned(),
            None => [BEST, WEIGHTS]
                .map(|name| folder.join(name))
                .into_iter()
                .find(|path| path.exists())
                .ok_or_else(|| {
                    missing(
                        "it has no weights (a search keeps those of its best trials; see --keep-best and --keep-all)",
                    )
                })?,
        };
        let (padding, unknown) = config.vocabulary.special_tokens();
        let vocabulary = Vocabulary::load(&folder.join("vocabulary"), padding, unknown)?;
        let mut model = Model::of_config(&config, &vocabulary, 0)?;
        let (arrays, _) = checkpoint::read(&weights)?;
        let names: Vec<String> = model.parameters().into_iter().map(|p| p.name).collect();
        for name in names {
            let array = arrays.iter().find(|array| array.name == name);
            let array = array.ok_or_else(|| DirectoryError::Damaged {
                path: weights.clone(),
                problem: format!("it lacks the parameter `{name}`"),
            })?;
            model.load(&name, &array.shape, &array.data)?;
        }
        Ok(Self {
            document,
            config,
            vocabulary,
            model,
        })
    }
}

/// Unpacks the files of an archive that belong there, and no others, whatever their names.
fn unpack(path: &Path, folder: &Path) -> Result<(), DirectoryError> {
    let file = File::open(path).map_err(io("read", path))?;
    let mut packed = tar::Archive::new(GzDecoder::new(file));
    let damaged = |error: std::io::Error| DirectoryError::Damaged {
        path: path.to_owned(),
        problem: format!("this is no model archive: {error}"),
    };
    for entry in packed.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let Some(name) = wanted(&entry.path().map_err(damaged)?) else {
            continue;
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let target = folder.join(name);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(io("make", parent))?;
        }
        // Not copied from one to the other, so that a full disk is told from a cut archive.
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        fs::write(&target, bytes).map_err(io("write", &target))?;
    }
    Ok(())
}

/// The name as it is unpacked: `config.json`, `weights.safetensors`, `vocabulary/NAME`.
fn wanted(path: &Path) -> Option<PathBuf> {
    let parts: Vec<&str> = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    match parts[..] {
        [name @ ("config.json" | "meta.json" | WEIGHTS)] => Some(PathBuf::from(name)),
        ["vocabulary", name] => Some(Path::new("vocabulary").join(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_there_is_unpacked() {
        let unpacked = |name: &str| wanted(Path::new(name)).map(|path| path.display().to_string());
        assert_eq!(unpacked("./config.json").as_deref(), Some("config.json"));
        assert_eq!(
            unpacked("vocabulary/tokens.txt").as_deref(),
            Some("vocabulary/tokens.txt")
        );
        assert_eq!(unpacked("../config.json"), None);
        assert_eq!(unpacked("/etc/passwd"), None);
        assert_eq!(unpacked("vocabulary/../../x"), None);
        assert_eq!(unpacked("surprise.sh"), None);
    }
}
