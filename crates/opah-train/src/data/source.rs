//! Opens what a configuration names: a local path, a `file://` URL, or an http(s) URL,
//! plain or compressed by gzip (recognised by its first bytes, not by its name).

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

pub use super::download::Downloads;
use super::error::DataError;

/// A file's path or URL, and who named it.
#[derive(Debug, Clone, Copy)]
pub struct Location<'l> {
    /// A path or URL.
    pub path: &'l str,
    /// The configuration key that holds it, for messages; `None` if a person typed it.
    pub key: Option<&'static str>,
}

/// The first bytes of compressed files.
const MAGIC: &[(&[u8], &str)] = &[
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
];

/// Opens a file, so that reading gives its unpacked bytes.
pub(super) fn open(
    location: Location<'_>,
    downloads: &Downloads,
) -> Result<Box<dyn Read + Send>, DataError> {
    let path = local_path(location, downloads)?;
    let failed = |source| read_error(location, source);
    if path.is_dir() {
        return Err(DataError::Folder {
            path: location.path.to_owned(),
            key: location.key,
        });
    }
    let mut file = File::open(&path).map_err(failed)?;
    let mut head = Vec::new();
    (&mut file).take(6).read_to_end(&mut head).map_err(failed)?;
    if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(DataError::Compression {
            path: location.path.to_owned(),
            format,
        });
    }
    let is_gzip = head.starts_with(b"\x1f\x8b");
    let whole = Cursor::new(head).chain(file);
    Ok(if is_gzip {
        Box::new(MultiGzDecoder::new(BufReader::with_capacity(
            1 << 16,
            whole,
        )))
    } else {
        Box::new(whole)
    })
}

/// Where the file is on this machine, downloaded if need be.
fn local_path(location: Location<'_>, downloads: &Downloads) -> Result<PathBuf, DataError> {
    let path = location.path;
    let Some((scheme, rest)) = path.split_once("://") else {
        return Ok(PathBuf::from(path));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "file" => Ok(file_url_path(rest)),
        "http" | "https" => downloads.fetch(location),
        // A folder may be called `data:`, but nothing is found under such a scheme.
        _ if Path::new(path).exists() => Ok(PathBuf::from(path)),
        _ => Err(DataError::Scheme {
            url: path.to_owned(),
            key: location.key,
        }),
    }
}

/// The path of a `file://` URL, whose host is empty or `localhost`.
fn file_url_path(rest: &str) -> PathBuf {
    let path = rest
        .strip_prefix("localhost")
        .filter(|path| path.starts_with('/'));
    let path = path.unwrap_or(rest);
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.as_bytes();
    while let Some((first, behind)) = left.split_first() {
        let escape = behind
            .get(..2)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                left = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                left = behind;
            }
        }
    }
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

fn read_error(location: Location<'_>, source: io::Error) -> DataError {
    let path = location.path.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        let key = location.key;
        return DataError::Missing { path, key };
    }
    DataError::Read { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::fs;
    use std::io::Write;

    const KEY: Option<&str> = Some("train_data_path");

    fn read(path: &str) -> Result<String, String> {
        let location = Location { path, key: KEY };
        let mut source =
            open(location, &Downloads::default()).map_err(|error| error.to_string())?;
        let mut text = String::new();
        source
            .read_to_string(&mut text)
            .map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_compressed_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs::write(path("a b"), "text").unwrap();
        assert_eq!(read(&path("a b")).unwrap(), "text");
        assert_eq!(read(&format!("file://{}", path("a%20b"))).unwrap(), "text");
        assert_eq!(
            read(&format!("file://localhost{}", path("a b"))).unwrap(),
            "text"
        );
        fs::write(path("a%+b"), "no escape").unwrap();
        let no_escape = read(&format!("file://{}", path("a%+b")));
        assert_eq!(no_escape.unwrap(), "no escape");
        fs::write(path("empty"), "").unwrap();
        assert_eq!(read(&path("empty")).unwrap(), "");
        let members = [gzip("one\n"), gzip("two\n")].concat();
        fs::write(path("packed"), &members).unwrap();
        assert_eq!(read(&path("packed")).unwrap(), "one\ntwo\n");
        fs::write(path("cut.gz"), &members[..members.len() - 9]).unwrap();
        assert!(read(&path("cut.gz")).is_err());
    }

    #[test]
    fn what_cannot_be_opened_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert_eq!(
            read("no/such.jsonl").unwrap_err(),
            "there is no file `no/such.jsonl` (`train_data_path`)"
        );
        assert_eq!(
            read(path).unwrap_err(),
            format!("`{path}` (`train_data_path`) is a folder, not a file")
        );
        let zip = format!("{path}/x.zip");
        fs::write(&zip, b"PK\x03\x04....").unwrap();
        assert_eq!(
            read(&zip).unwrap_err(),
            format!(
                "`{zip}` is compressed by zip; only gzip and plain text are read, so unpack it first"
            )
        );
        assert_eq!(
            read("s3://bucket/x.jsonl").unwrap_err(),
            "`s3://bucket/x.jsonl` (`train_data_path`) is no http(s) URL; download it and pass \
             `--set train_data_path=/path/to/file.jsonl`"
        );
        assert_eq!(
            read("https://host/x.jsonl").unwrap_err(),
            "`https://host/x.jsonl` (`train_data_path`) would be downloaded, but no folder for \
             downloads was given; pass `--set train_data_path=/path/to/file.jsonl`"
        );
    }
}
