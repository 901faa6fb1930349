//! Weights and training states on disk: named arrays of `f32` in safetensors files.
//! Nothing is ever unpickled.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};

use crate::model::Parameter;
use crate::serialization::{DirectoryError, SerializationDir, io};

/// The key of the note in a file's header.
const NOTE: &str = "opah";

/// Writes a file of arrays, with a note for whoever reads it.
pub fn write(
    directory: &SerializationDir,
    name: &str,
    arrays: &[Parameter],
    note: &str,
) -> Result<(), DirectoryError> {
    let damaged = |problem: String| DirectoryError::Damaged {
        path: directory.file(name),
        problem,
    };
    // Little endian, as the format wants it; machines of the other kind are refused here.
    const { assert!(cfg!(target_endian = "little")) };
    let mut views = Vec::with_capacity(arrays.len());
    for array in arrays {
        let bytes = bytemuck::cast_slice(&array.data);
        let view = TensorView::new(Dtype::F32, array.shape.clone(), bytes)
            .map_err(|error| damaged(error.to_string()))?;
        views.push((&array.name, view));
    }
    let note = HashMap::from([(NOTE.to_owned(), note.to_owned())]);
    directory.make(name, |path| {
        // Made here, so that it has the permissions of every other file.
        std::fs::File::create(path)?;
        safetensors::serialize_to_file(views, Some(note), path).map_err(|error| match error {
            SafeTensorError::IoError(error) => error,
            other => std::io::Error::other(other),
        })
    })
}

/// The arrays of a file, by name, and its note.
pub fn read(path: &Path) -> Result<(Vec<Parameter<'static>>, String), DirectoryError> {
    let bytes = std::fs::read(path).map_err(io("read", path))?;
    parse(path, &bytes)
}

/// The arrays in the bytes of a file; `path` is for messages.
pub fn parse(
    path: &Path,
    bytes: &[u8],
) -> Result<(Vec<Parameter<'static>>, String), DirectoryError> {
    let damaged = |problem: String| DirectoryError::Damaged {
        path: path.to_owned(),
        problem,
    };
    let unreadable = |error: SafeTensorError| damaged(error.to_string());
    let tensors = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let note = header
        .metadata()
        .as_ref()
        .and_then(|notes| notes.get(NOTE).cloned())
        .unwrap_or_default();
    let mut arrays = Vec::with_capacity(tensors.len());
    for (name, view) in tensors.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(damaged(format!(
                "`{name}` is {:?}; only F32 weights are read",
                view.dtype()
            )));
        }
        let numbers = view.data().chunks_exact(4);
        arrays.push(Parameter {
            name: name.to_owned(),
            shape: view.shape().to_vec(),
            data: numbers
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
                .collect::<Vec<f32>>()
                .into(),
        });
    }
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((arrays, note))
}

/// Makes `to` the same file as `from`; a copy where links are not to be had.
pub fn link(directory: &SerializationDir, from: &str, to: &str) -> Result<(), DirectoryError> {
    let source = directory.file(from);
    directory.make(to, |path| {
        std::fs::hard_link(&source, path).or_else(|_| std::fs::copy(&source, path).map(drop))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serialization::IfExists;

    #[test]
    fn arrays_come_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let directory = SerializationDir::open(folder.path(), IfExists::Refuse).unwrap();
        let data = [1.5, -0.0, f32::MIN_POSITIVE, 1e-45, f32::MAX, 3.0];
        let arrays = [
            Parameter {
                name: "b".to_owned(),
                shape: vec![2, 3],
                data: (&data[..]).into(),
            },
            Parameter {
                name: "a".to_owned(),
                shape: vec![0],
                data: Vec::new().into(),
            },
        ];
        write(&directory, "w.safetensors", &arrays, "epoch 3").unwrap();
        let (read, note) = read(&directory.file("w.safetensors")).unwrap();
        assert_eq!(note, "epoch 3");
        assert_eq!((read[0].name.as_str(), read[0].data.len()), ("a", 0));
        assert_eq!(read[1].shape, [2, 3]);
        let bits = |numbers: &[f32]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&read[1].data), bits(&data));
    }

    #[test]
    fn a_link_takes_the_place_of_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let directory = SerializationDir::open(folder.path(), IfExists::Refuse).unwrap();
        for text in ["first", "second"] {
            directory.write("last", text.as_bytes()).unwrap();
            for _ in 0..2 {
                link(&directory, "last", "best").unwrap();
                let best = std::fs::read_to_string(directory.file("best")).unwrap();
                assert_eq!(best, text);
            }
        }
        directory.remove("last").unwrap();
        assert!(link(&directory, "last", "best").is_err());
        let best = std::fs::read_to_string(directory.file("best")).unwrap();
        assert_eq!(best, "second", "an error leaves what was there");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let error = parse(Path::new("w.safetensors"), b"not weights at all").unwrap_err();
        assert!(error.to_string().starts_with("w.safetensors: "), "{error}");
    }
}
