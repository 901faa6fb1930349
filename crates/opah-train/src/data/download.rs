//! Downloads, each kept in a folder under a name made of its URL and its `ETag`.
//!
//! Each use asks the server whether the kept file is still the current one, and takes it
//! if the answer is yes or if there is no good answer; so a study goes on without a
//! network. A file that came without an `ETag` is taken unasked. A file appears under its
//! name only when it is complete.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Body;
use ureq::http::{Response, StatusCode};

use super::error::DataError;
use super::source::Location;
use super::whole_file::write_whole;
use crate::fnv::hash;

/// Where downloads are kept; nowhere by default, so that a URL is an error.
#[derive(Debug, Clone, Default)]
pub struct Downloads {
    folder: Option<PathBuf>,
    is_direct: bool,
}

impl Downloads {
    /// Keeps downloads in a folder, which is made when it is needed. Proxies are those of
    /// the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
            is_direct: false,
        }
    }

    /// The path of a URL's current content.
    pub(super) fn fetch(&self, location: Location<'_>) -> Result<PathBuf, DataError> {
        let url = location.path;
        let Some(folder) = &self.folder else {
            return Err(DataError::NoDownloads {
                url: url.to_owned(),
                key: location.key,
            });
        };
        let entry = Entry::new(folder, url);
        let kept = entry.kept();
        let reason = match kept {
            Some(Kept { path, tag: None }) => return Ok(path),
            Some(Kept {
                path,
                tag: Some(tag),
            }) => match self.request(url, Some(&tag)) {
                Ok(response) if response.status().is_success() => entry.store(response),
                // Not modified, or no good answer.
                Ok(_) | Err(_) => return Ok(path),
            },
            None => match self.request(url, None) {
                Ok(response) if response.status().is_success() => entry.store(response),
                Ok(response) => Err(refusal(response.status())),
                Err(error) => Err(error.to_string()),
            },
        };
        reason.map_err(|reason| DataError::Download {
            url: url.to_owned(),
            key: location.key,
            reason,
        })
    }

    /// Asks for a URL; a host that does not answer is given up soon.
    fn request(&self, url: &str, tag: Option<&str>) -> Result<Response<Body>, ureq::Error> {
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(Some(Duration::from_secs(10)))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_mins(1)));
        if self.is_direct {
            config = config.proxy(None);
        }
        let agent: ureq::Agent = config.build().into();
        let request = agent.get(url);
        match tag {
            Some(tag) => request.header("If-None-Match", tag).call(),
            None => request.call(),
        }
    }
}

fn refusal(status: StatusCode) -> String {
    format!("the server answers {status}")
}

/// What is kept of a URL.
struct Kept {
    path: PathBuf,
    tag: Option<String>,
}

/// The names of a URL in the folder: `<hash>.json` says which file is current.
struct Entry<'e> {
    folder: &'e Path,
    url: &'e str,
}

impl<'e> Entry<'e> {
    fn new(folder: &'e Path, url: &'e str) -> Self {
        Self { folder, url }
    }

    fn note(&self) -> PathBuf {
        self.folder.join(format!("{:016x}.json", hash(self.url)))
    }

    /// What is kept, if it is complete and of this URL.
    fn kept(&self) -> Option<Kept> {
        let note: Value = serde_json::from_slice(&fs::read(self.note()).ok()?).ok()?;
        let text = |key: &str| note.get(key)?.as_str().map(str::to_owned);
        let path = self.folder.join(text("file")?);
        let is_kept = text("url")? == self.url && path.is_file();
        is_kept.then(|| Kept {
            path,
            tag: text("etag"),
        })
    }

    /// Keeps a response; an error says why that can't be.
    fn store(&self, response: Response<Body>) -> Result<PathBuf, String> {
        let tag = response.headers().get("etag");
        let tag = tag.and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let file = format!(
            "{:016x}-{:016x}-{}",
            hash(self.url),
            hash(tag.as_deref().unwrap_or_default()),
            last_segment(self.url)
        );
        let note = json!({"url": self.url, "etag": tag, "file": file});
        let path = self.folder.join(file);
        let explained = |error: io::Error| format!("{error} (kept in {})", self.folder.display());
        fs::create_dir_all(self.folder).map_err(explained)?;
        let mut content = response.into_body().into_reader();
        write_whole(&path, |file| io::copy(&mut content, file).map(drop)).map_err(explained)?;
        write_whole(&self.note(), |file| write!(file, "{note}")).map_err(explained)?;
        Ok(path)
    }
}

/// The end of a URL's path, fit for a file name.
fn last_segment(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let segment = path.rsplit('/').next().unwrap_or_default();
    let fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    segment.chars().filter(|c| fit(*c)).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    /// Answers one request after the other with the given responses; gives the requests.
    fn serve(responses: Vec<&'static str>) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "http://{}/data/train.jsonl?x=1",
            listener.local_addr().unwrap()
        );
        let server = std::thread::spawn(move || {
            let answer = |response: &str| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head: Vec<String> = lines
                    .by_ref()
                    .map(Result::unwrap)
                    .take_while(|line| !line.is_empty())
                    .collect();
                stream.write_all(response.as_bytes()).unwrap();
                head.join("\n").to_ascii_lowercase()
            };
            responses.into_iter().map(answer).collect()
        });
        (url, server)
    }

    fn fetch(folder: &Path, url: &str) -> Result<String, String> {
        let downloads = Downloads {
            folder: Some(folder.to_owned()),
            is_direct: true,
        };
        let location = Location {
            path: url,
            key: Some("train_data_path"),
        };
        let path = downloads
            .fetch(location)
            .map_err(|error| error.to_string())?;
        Ok(fs::read_to_string(path).unwrap())
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).map_or(0, Iterator::count)
    }

    const FIRST: &str =
        "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 3\r\nConnection: close\r\n\r\none";
    const SECOND: &str =
        "HTTP/1.1 200 OK\r\nETag: \"b\"\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntwo";
    const SAME: &str = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n";
    const ABSENT: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const UNTAGGED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\none";
    const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\none";

    #[test]
    fn a_download_is_kept_until_the_server_has_another() {
        let folder = tempfile::tempdir().unwrap();
        let (url, server) = serve(vec![FIRST, SAME, SECOND, ABSENT]);
        let contents: Vec<String> = (0..4)
            .map(|_| fetch(folder.path(), &url).unwrap())
            .collect();
        assert_eq!(contents, ["one", "one", "two", "two"]);
        let requests = server.join().unwrap();
        assert!(
            requests[0].starts_with("get /data/train.jsonl?x=1 "),
            "{}",
            requests[0]
        );
        assert!(!requests[0].contains("if-none-match"));
        assert!(
            requests[1].contains("if-none-match: \"a\""),
            "{}",
            requests[1]
        );
        assert!(
            requests[3].contains("if-none-match: \"b\""),
            "{}",
            requests[3]
        );
        // The server is gone: what is kept is used.
        assert_eq!(fetch(folder.path(), &url).unwrap(), "two");
    }

    #[test]
    fn without_a_tag_the_server_is_asked_once() {
        let folder = tempfile::tempdir().unwrap();
        let (url, server) = serve(vec![UNTAGGED]);
        assert_eq!(fetch(folder.path(), &url).unwrap(), "one");
        server.join().unwrap();
        assert_eq!(fetch(folder.path(), &url).unwrap(), "one");
        assert_eq!(files(folder.path()), 2);
    }

    #[test]
    fn what_is_cut_off_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (url, server) = serve(vec![CUT]);
        assert!(fetch(folder.path(), &url).is_err());
        server.join().unwrap();
        assert_eq!(files(folder.path()), 0);
    }

    #[test]
    fn an_error_names_the_url_and_the_way_around() {
        let folder = tempfile::tempdir().unwrap();
        let (url, server) = serve(vec![ABSENT]);
        assert_eq!(
            fetch(folder.path(), &url).unwrap_err(),
            format!(
                "cannot download {url} (`train_data_path`): the server answers 404 Not Found; to \
                 use a file you have, pass `--set train_data_path=/path/to/file.jsonl`"
            )
        );
        server.join().unwrap();
        let message = fetch(folder.path(), &url).unwrap_err();
        assert!(message.starts_with(&format!("cannot download {url} (`train_data_path`): ")));
        assert!(message.ends_with("pass `--set train_data_path=/path/to/file.jsonl`"));
        let unreachable = fetch(Path::new("/dev/null/cache"), &url).unwrap_err();
        assert!(unreachable.contains(&url), "{unreachable}");
    }
}
