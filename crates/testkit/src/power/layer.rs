//! The kernel's file calls, handed to the disk.

use std::ffi::{OsStr, OsString};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::disk::{Disk, Kind, Problem};

/// Nothing is remembered by the kernel.
const TTL: Duration = Duration::ZERO;

/// `O_DSYNC`, which `O_SYNC` contains: each write is synced.
const SYNCED: i32 = 0o10_000;

pub(super) struct Layer {
    disk: Arc<Mutex<Disk>>,
    uid: u32,
    gid: u32,
}

impl Layer {
    pub(super) fn over(disk: Arc<Mutex<Disk>>) -> Self {
        Self { disk, uid: rustix::process::getuid().as_raw(), gid: rustix::process::getgid().as_raw() }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().expect("the file system does not panic")
    }

    fn attributes(&self, id: u64, kind: Kind) -> FileAttr {
        let (kind, size, perm) = match kind {
            Kind::Folder => (FileType::Directory, 0, 0o755),
            Kind::File { size } => (FileType::RegularFile, size, 0o644),
        };
        FileAttr {
            ino: INodeNo(id),
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm,
            nlink: 1,
            uid: self.uid,
            gid: self.gid,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }

    fn entry(&self, found: Result<u64, Problem>, reply: ReplyEntry) {
        let found = found.and_then(|id| Ok((id, self.disk().kind(id)?)));
        match found {
            Ok((id, kind)) => reply.entry(&TTL, &self.attributes(id, kind), Generation(0)),
            Err(problem) => reply.error(errno(problem)),
        }
    }
}

fn errno(problem: Problem) -> Errno {
    match problem {
        Problem::Missing => Errno::ENOENT,
        Problem::Exists => Errno::EEXIST,
        Problem::NotEmpty => Errno::ENOTEMPTY,
    }
}

fn done(outcome: Result<(), Problem>, reply: ReplyEmpty) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(problem) => reply.error(errno(problem)),
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl Filesystem for Layer {
    fn lookup(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.disk().find(parent.0, name);
        self.entry(found, reply);
    }

    fn getattr(&self, _req: &Request, ino: INodeNo, _fh: Option<FileHandle>, reply: ReplyAttr) {
        let kind = self.disk().kind(ino.0);
        match kind {
            Ok(kind) => reply.attr(&TTL, &self.attributes(ino.0, kind)),
            Err(problem) => reply.error(errno(problem)),
        }
    }

    fn setattr(
        &self,
        req: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        if let Some(size) = size
            && let Err(problem) = self.disk().truncate(ino.0, index(size))
        {
            return reply.error(errno(problem));
        }
        self.getattr(req, ino, fh, reply);
    }

    fn mkdir(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        let made = self.disk().make_folder(parent.0, name);
        self.entry(made, reply);
    }

    fn unlink(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.disk().remove(parent.0, name), reply);
    }

    fn rmdir(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.disk().remove(parent.0, name), reply);
    }

    fn rename(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        _flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        done(self.disk().rename((parent.0, name), (newparent.0, newname)), reply);
    }

    fn create(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        match self.disk().make_file(parent.0, name) {
            Ok(id) => {
                let attributes = self.attributes(id, Kind::File { size: 0 });
                reply.created(&TTL, &attributes, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(problem) => reply.error(errno(problem)),
        }
    }

    fn read(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.disk().read(ino.0, index(offset), size as usize) {
            Ok(bytes) => reply.data(bytes),
            Err(problem) => reply.error(errno(problem)),
        }
    }

    fn write(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut disk = self.disk();
        if let Err(problem) = disk.write(ino.0, index(offset), data) {
            return reply.error(errno(problem));
        }
        if flags.0 & SYNCED != 0 {
            disk.sync(ino.0);
        }
        reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX));
    }

    fn fsync(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        self.disk().sync(ino.0);
        reply.ok();
    }

    fn fsyncdir(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        self.disk().sync(ino.0);
        reply.ok();
    }

    fn readdir(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let disk = self.disk();
        let names = match disk.list(ino.0) {
            Ok(names) => names,
            Err(problem) => return reply.error(errno(problem)),
        };
        let dots = [(OsString::from("."), ino.0), (OsString::from(".."), ino.0)];
        for (place, (name, id)) in (1..).zip(dots.into_iter().chain(names)).skip(index(offset)) {
            let kind = match disk.kind(id) {
                Ok(Kind::File { .. }) => FileType::RegularFile,
                _ => FileType::Directory,
            };
            if reply.add(INodeNo(id), place, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _req: &Request, _ino: INodeNo, reply: ReplyStatfs) {
        const BLOCKS: u64 = 1 << 22;
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, 1 << 20, 1 << 20, 4096, 255, 4096);
    }
}
