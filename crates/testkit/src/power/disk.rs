//! What a disk holds now, and what it would hold after a power cut. Pure: no mount, no clock.
//!
//! A file's content is safe when that file was synced. Names are kept in a journal, as ext4 and XFS do: any sync makes
//! every earlier creation, renaming and removal safe, so that a file that was never synced itself may come back empty.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::ops::Range;

/// The folder everything lies in.
pub(super) const ROOT: u64 = 1;

type Folders = BTreeMap<u64, BTreeMap<OsString, u64>>;

/// A disk.
#[derive(Debug)]
pub(super) struct Disk {
    folders: Folders,
    safe_folders: Folders,
    names_changed: bool,
    files: BTreeMap<u64, File>,
    next: u64,
}

#[derive(Debug, Default)]
struct File {
    content: Vec<u8>,
    safe: Vec<u8>,
    /// What was written since the last sync.
    dirty: Vec<Range<usize>>,
}

/// What is where a name leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File { size: u64 },
}

/// Why a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Missing,
    Exists,
    NotEmpty,
}

impl Default for Disk {
    fn default() -> Self {
        let root = Folders::from([(ROOT, BTreeMap::new())]);
        Self {
            folders: root.clone(),
            safe_folders: root,
            names_changed: false,
            files: BTreeMap::new(),
            next: ROOT + 1,
        }
    }
}

impl Disk {
    pub(super) fn find(&self, folder: u64, name: &OsStr) -> Result<u64, Problem> {
        self.folders.get(&folder).and_then(|names| names.get(name)).copied().ok_or(Problem::Missing)
    }

    pub(super) fn kind(&self, id: u64) -> Result<Kind, Problem> {
        if self.folders.contains_key(&id) {
            return Ok(Kind::Folder);
        }
        let file = self.files.get(&id).ok_or(Problem::Missing)?;
        Ok(Kind::File { size: file.content.len() as u64 })
    }

    /// Names in a folder.
    pub(super) fn list(&self, folder: u64) -> Result<Vec<(OsString, u64)>, Problem> {
        let names = self.folders.get(&folder).ok_or(Problem::Missing)?;
        Ok(names.iter().map(|(name, id)| (name.clone(), *id)).collect())
    }

    pub(super) fn make_folder(&mut self, folder: u64, name: &OsStr) -> Result<u64, Problem> {
        let id = self.enter(folder, name)?;
        self.folders.insert(id, BTreeMap::new());
        Ok(id)
    }

    pub(super) fn make_file(&mut self, folder: u64, name: &OsStr) -> Result<u64, Problem> {
        let id = self.enter(folder, name)?;
        self.files.insert(id, File::default());
        Ok(id)
    }

    /// Removes a file, or a folder that is empty. Whoever has the file open goes on with it.
    pub(super) fn remove(&mut self, folder: u64, name: &OsStr) -> Result<(), Problem> {
        let id = self.find(folder, name)?;
        if self.folders.get(&id).is_some_and(|names| !names.is_empty()) {
            return Err(Problem::NotEmpty);
        }
        self.folders.remove(&id);
        self.names_of(folder)?.remove(name);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) -> Result<(), Problem> {
        let id = self.find(from.0, from.1)?;
        if self.find(to.0, to.1).is_ok() {
            self.remove(to.0, to.1)?;
        }
        self.names_of(from.0)?.remove(from.1);
        self.names_of(to.0)?.insert(to.1.to_owned(), id);
        Ok(())
    }

    pub(super) fn read(&self, id: u64, offset: usize, size: usize) -> Result<&[u8], Problem> {
        let content = &self.files.get(&id).ok_or(Problem::Missing)?.content;
        let from = offset.min(content.len());
        Ok(&content[from..offset.saturating_add(size).min(content.len())])
    }

    pub(super) fn write(&mut self, id: u64, offset: usize, bytes: &[u8]) -> Result<(), Problem> {
        let file = self.files.get_mut(&id).ok_or(Problem::Missing)?;
        let end = offset + bytes.len();
        let before = file.content.len();
        if end > before {
            file.content.resize(end, 0);
        }
        file.content[offset..end].copy_from_slice(bytes);
        file.touch(offset.min(before)..end);
        Ok(())
    }

    pub(super) fn truncate(&mut self, id: u64, size: usize) -> Result<(), Problem> {
        let file = self.files.get_mut(&id).ok_or(Problem::Missing)?;
        let before = file.content.len();
        file.content.resize(size, 0);
        file.touch(before.min(size)..size);
        Ok(())
    }

    /// Makes a file's content safe, and every name.
    pub(super) fn sync(&mut self, id: u64) {
        if let Some(file) = self.files.get_mut(&id) {
            file.sync();
        }
        if std::mem::take(&mut self.names_changed) {
            self.safe_folders.clone_from(&self.folders);
        }
    }

    /// The power fails and comes back.
    pub(super) fn cut(&mut self) {
        self.folders.clone_from(&self.safe_folders);
        self.names_changed = false;
        let named: std::collections::BTreeSet<u64> =
            self.folders.values().flat_map(BTreeMap::values).copied().collect();
        self.files.retain(|id, _| named.contains(id));
        for file in self.files.values_mut() {
            file.content.clone_from(&file.safe);
            file.dirty.clear();
        }
    }

    /// A new thing under a name that is free.
    fn enter(&mut self, folder: u64, name: &OsStr) -> Result<u64, Problem> {
        let id = self.next;
        let names = self.names_of(folder)?;
        if names.contains_key(name) {
            return Err(Problem::Exists);
        }
        names.insert(name.to_owned(), id);
        self.next += 1;
        Ok(id)
    }

    fn names_of(&mut self, folder: u64) -> Result<&mut BTreeMap<OsString, u64>, Problem> {
        self.names_changed = true;
        self.folders.get_mut(&folder).ok_or(Problem::Missing)
    }
}

impl File {
    fn touch(&mut self, range: Range<usize>) {
        match self.dirty.last_mut() {
            Some(last) if range.start >= last.start && range.start <= last.end => {
                last.end = last.end.max(range.end);
            }
            _ => self.dirty.push(range),
        }
    }

    fn sync(&mut self) {
        self.safe.resize(self.content.len(), 0);
        for range in self.dirty.drain(..) {
            let range = range.start.min(self.content.len())..range.end.min(self.content.len());
            self.safe[range.clone()].copy_from_slice(&self.content[range]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> &OsStr {
        OsStr::new(text)
    }

    fn content(disk: &Disk, file: &str) -> Option<String> {
        let id = disk.find(ROOT, name(file)).ok()?;
        Some(String::from_utf8_lossy(disk.read(id, 0, 1000).unwrap()).into_owned())
    }

    #[test]
    fn what_was_not_synced_is_gone() {
        let mut disk = Disk::default();
        let file = disk.make_file(ROOT, name("a")).unwrap();
        disk.write(file, 0, b"one").unwrap();
        disk.sync(file);
        disk.write(file, 3, b" two").unwrap();
        disk.write(file, 0, b"ONE").unwrap();
        assert_eq!(content(&disk, "a").unwrap(), "ONE two");
        disk.cut();
        assert_eq!(content(&disk, "a").unwrap(), "one");
    }

    #[test]
    fn names_are_lost_until_something_is_synced() {
        let mut disk = Disk::default();
        let kept = disk.make_file(ROOT, name("kept")).unwrap();
        disk.sync(kept);
        disk.make_file(ROOT, name("new")).unwrap();
        disk.rename((ROOT, name("kept")), (ROOT, name("renamed"))).unwrap();
        disk.cut();
        assert_eq!((content(&disk, "kept").as_deref(), content(&disk, "new")), (Some(""), None));

        let empty = disk.make_file(ROOT, name("empty")).unwrap();
        disk.write(empty, 0, b"never synced").unwrap();
        disk.remove(ROOT, name("kept")).unwrap();
        disk.sync(ROOT);
        disk.cut();
        assert_eq!((content(&disk, "kept"), content(&disk, "empty").as_deref()), (None, Some("")));
    }

    #[test]
    fn a_shortened_file_grows_with_zeroes_and_is_safe_when_synced() {
        let mut disk = Disk::default();
        let file = disk.make_file(ROOT, name("a")).unwrap();
        disk.write(file, 0, b"123456").unwrap();
        disk.sync(file);
        disk.truncate(file, 2).unwrap();
        disk.write(file, 4, b"x").unwrap();
        disk.sync(file);
        disk.cut();
        assert_eq!(content(&disk, "a").unwrap(), "12\0\0x");
    }

    #[test]
    fn a_rename_takes_the_place_of_what_was_there() {
        let mut disk = Disk::default();
        let folder = disk.make_folder(ROOT, name("folder")).unwrap();
        let file = disk.make_file(folder, name("tmp")).unwrap();
        disk.write(file, 0, b"new").unwrap();
        disk.make_file(ROOT, name("old")).unwrap();
        disk.rename((folder, name("tmp")), (ROOT, name("old"))).unwrap();
        assert_eq!(content(&disk, "old").unwrap(), "new");
        assert_eq!(disk.remove(ROOT, name("folder")), Ok(()));
        assert_eq!(disk.find(ROOT, name("folder")), Err(Problem::Missing));
        assert_eq!(disk.kind(file), Ok(Kind::File { size: 3 }));
    }
}
