//! The files of the workspace, without what is built, fetched or ignored.

use std::path::{Path, PathBuf};

/// One file, by its path below the root.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    root: PathBuf,
}

impl File {
    pub(crate) fn text(&self) -> String {
        let full = self.root.join(&self.path);
        std::fs::read_to_string(&full).unwrap_or_else(|error| panic!("read {}: {error}", self.path))
    }

    /// True for what people write and read; fixtures and lock files are not.
    pub(crate) fn has_text(&self) -> bool {
        let kinds = ["rs", "toml", "md", "sh", "yaml", "yml", "conf", "service", "proto", "txt", "mjs"];
        let extension = Path::new(&self.path).extension().and_then(|it| it.to_str()).unwrap_or_default();
        kinds.contains(&extension) || matches!(self.stem(), "Makefile" | "Dockerfile" | "run")
    }

    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap();
        name.split('.').next().unwrap()
    }
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file, in order.
pub(crate) fn all() -> Vec<File> {
    let root = root();
    let mut paths = Vec::new();
    walk(&root, &root, &mut paths);
    paths.sort();
    paths.into_iter().map(|path| File { path, root: root.clone() }).collect()
}

/// Every file whose name ends in `.extension`, in order; there is at least one.
pub(crate) fn with_extension(extension: &str) -> Vec<File> {
    let mut files = all();
    files.retain(|file| Path::new(&file.path).extension().is_some_and(|it| it == extension));
    assert!(!files.is_empty(), "no .{extension} file was found below the root");
    files
}

/// Files of the repository are known by what it is made of, so that a data folder beside them is not read.
const FOLDERS: [&str; 8] = [".ci", "crates", "deploy", "docs", "fuzz", "proto", "tests", "tools"];

fn walk(root: &Path, folder: &Path, paths: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            let is_ours = folder != root || FOLDERS.contains(&name.as_str());
            if is_ours && !["fixtures", "node_modules", "target"].contains(&name.as_str()) {
                walk(root, &path, paths);
            }
        } else {
            paths.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}
