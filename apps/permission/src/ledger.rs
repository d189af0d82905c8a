//! What was asked, denied and granted: bounded tables and the rules on them, without system calls.

use zos_process::abi::{OBJECT_ENDPOINT, OBJECT_MEMORY, PERM_ALL};
use zos_process::wire::{Reader, Writer};

const MAX_OPEN: usize = 64;
const MAX_DENIALS: usize = 1024;
const MAX_DENIALS_A_PROCESS: usize = 16;
const MAX_GRANTS: usize = 1024;
const MAX_REASON: usize = 1024;

/// A request that names no object means the one object of its kind that is the process's own, or the factory.
const UNNAMED_OBJECT: u64 = 0;

/// The most rows that `count u8` can announce.
const MAX_LISTED: usize = u8::MAX as usize;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub pid: u32,
    pub object_type: u8,
    pub perms: u8,
    pub object_id: u64,
    pub reason: String,
    pub told: Told,
}

/// Who hears the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The process that is to get the capability: it called.
    Caller,
    /// Init, which asked for it under a number of its own.
    Init(u32),
}

impl Request {
    /// `object_type u8, perms u8, reason_len u16, reason`, optionally `object_id u64`.
    pub fn parse(pid: u32, data: &[u8]) -> Option<Request> {
        let mut reader = Reader::new(data);
        let (object_type, perms) = (reader.u8()?, reader.u8()?);
        let reason = core::str::from_utf8(reader.long()?).ok()?.to_owned();
        let object_id = if reader.rest().is_empty() { UNNAMED_OBJECT } else { reader.u64()? };
        reader.end()?;
        Request { pid, object_type, perms, object_id, reason, told: Told::Caller }.checked()
    }

    /// A request that init makes for another process: the payload of MSG_PROMPT, with init's own number.
    pub fn parse_prompt(data: &[u8]) -> Option<Request> {
        let mut reader = Reader::new(data);
        let (number, pid, object_type, perms) = (reader.u32()?, reader.u32()?, reader.u8()?, reader.u8()?);
        let object_id = reader.u64()?;
        let reason = core::str::from_utf8(reader.long()?).ok()?.to_owned();
        reader.end()?;
        Request { pid, object_type, perms, object_id, reason, told: Told::Init(number) }.checked()
    }

    fn checked(self) -> Option<Request> {
        let Request { object_type, perms, .. } = self;
        let known_type = (OBJECT_ENDPOINT..=OBJECT_MEMORY).contains(&(object_type as u32));
        let known_perms = perms != 0 && perms as u32 & !PERM_ALL == 0;
        if !known_type || !known_perms || self.reason.len() > MAX_REASON {
            return None;
        }
        Some(self)
    }

    /// The payload of MSG_PROMPT.
    pub fn prompt(&self, request_id: u32) -> Vec<u8> {
        Writer::new()
            .u32(request_id)
            .u32(self.pid)
            .u8(self.object_type)
            .u8(self.perms)
            .u64(self.object_id)
            .long(self.reason.as_bytes())
            .finish()
    }

    /// The same authority for the same process, whatever reason is given.
    fn same_wish(&self, other: &Request) -> bool {
        (self.pid, self.object_type, self.object_id) == (other.pid, other.object_type, other.object_id)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Ask under this number.
    Ask(u32),
    Deny(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub pid: u32,
    pub slot: u32,
    pub object_type: u8,
    pub perms: u8,
}

pub struct Ledger {
    last_id: u32,
    open: Vec<(u32, Request)>,
    denied: Vec<Request>,
    grants: Vec<Grant>,
}

impl Ledger {
    /// Numbers its questions from `first_id` on: an answer to one of an earlier run must not be taken for one of this.
    pub fn starting_at(first_id: u32) -> Ledger {
        Ledger { last_id: first_id, open: Vec::new(), denied: Vec::new(), grants: Vec::new() }
    }

    /// Whether a request leads to a prompt. A denial covers any right on the object that shares a bit with it.
    pub fn judge(&mut self, wanted: &Request) -> Verdict {
        if self.open.iter().any(|(_, request)| request.pid == wanted.pid) {
            return Verdict::Deny("another request of this process is open");
        }
        if self.denied.iter().any(|denied| denied.same_wish(wanted) && denied.perms & wanted.perms != 0) {
            return Verdict::Deny("denied before in this session");
        }
        if self.denied.iter().filter(|denied| denied.pid == wanted.pid).count() >= MAX_DENIALS_A_PROCESS {
            return Verdict::Deny("denied too often in this session");
        }
        if self.is_full() {
            return Verdict::Deny("too many requests");
        }
        self.last_id = self.last_id.wrapping_add(1);
        Verdict::Ask(self.last_id)
    }

    pub fn open(&mut self, request_id: u32, request: Request) {
        self.open.push((request_id, request));
    }

    pub fn is_full(&self) -> bool {
        self.open.len() >= MAX_OPEN || self.denied.len() >= MAX_DENIALS
    }

    /// Drops what belongs to processes that ended; their pids never return.
    pub fn retain_processes(&mut self, is_alive: impl Fn(u32) -> bool) {
        self.open.retain(|(_, request)| is_alive(request.pid));
        self.denied.retain(|denied| is_alive(denied.pid));
        self.grants.retain(|grant| is_alive(grant.pid));
    }

    /// Records the answer; returns the request it belongs to, `None` if there is none.
    pub fn close(&mut self, request_id: u32, allowed: bool, slot: u32) -> Option<Request> {
        let index = self.open.iter().position(|(id, _)| *id == request_id)?;
        let (_, request) = self.open.swap_remove(index);
        if !allowed {
            self.denied.push(Request { reason: String::new(), ..request.clone() });
            return Some(request);
        }
        // What init asked for it uses up itself, at once.
        if request.told == Told::Caller {
            if self.grants.len() >= MAX_GRANTS {
                self.grants.remove(0);
            }
            let Request { pid, object_type, perms, .. } = request;
            self.grants.push(Grant { pid, slot, object_type, perms });
        }
        Some(request)
    }

    pub fn forget_grant(&mut self, pid: u32, slot: u32) {
        self.grants.retain(|grant| (grant.pid, grant.slot) != (pid, slot));
    }

    /// The newest grants of a process, oldest first.
    pub fn grants_of(&self, pid: u32) -> Vec<Grant> {
        let own: Vec<Grant> = self.grants.iter().copied().filter(|grant| grant.pid == pid).collect();
        own[own.len().saturating_sub(MAX_LISTED)..].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(pid: u32, perms: u8) -> Request {
        Request { pid, object_type: 5, perms, object_id: 0, reason: "because".to_owned(), told: Told::Caller }
    }

    fn ask(ledger: &mut Ledger, request: Request) -> u32 {
        match ledger.judge(&request) {
            Verdict::Ask(id) => {
                ledger.open(id, request);
                id
            }
            Verdict::Deny(why) => panic!("denied: {}", why),
        }
    }

    #[test]
    fn requests_are_parsed_strictly() {
        let with_object = [5, 2, 2, 0, b'h', b'i', 9, 0, 0, 0, 0, 0, 0, 0];
        let parsed = Request::parse(4, &with_object).unwrap();
        assert_eq!((parsed.object_id, parsed.reason.as_str()), (9, "hi"));
        assert_eq!(Request::parse(4, &with_object[..6]).unwrap().object_id, UNNAMED_OBJECT);
        assert_eq!(Request::parse(4, &with_object[..10]), None);
        assert_eq!(Request::parse(4, &[7, 2, 0, 0]), None);
        assert_eq!(Request::parse(4, &[5, 0, 0, 0]), None);
        assert_eq!(Request::parse(4, &[5, 8, 0, 0]), None);
    }

    #[test]
    fn what_init_asks_for_another_is_answered_to_init() {
        let for_another = Request { told: Told::Init(77), ..wish(4, 2) };
        assert_eq!(Request::parse_prompt(&for_another.prompt(77)), Some(for_another.clone()));
        assert_eq!(Request::parse_prompt(&for_another.prompt(77)[..20]), None);
        let mut ledger = Ledger::starting_at(40);
        let id = ask(&mut ledger, for_another.clone());
        assert_eq!(id, 41);
        assert_eq!(ledger.judge(&wish(4, 2)), Verdict::Deny("another request of this process is open"));
        assert_eq!(ledger.close(id, true, 9), Some(for_another));
        assert!(ledger.grants_of(4).is_empty());
    }

    #[test]
    fn one_open_prompt_a_process() {
        let mut ledger = Ledger::starting_at(0);
        let id = ask(&mut ledger, wish(4, 2));
        assert_eq!(ledger.judge(&wish(4, 1)), Verdict::Deny("another request of this process is open"));
        ask(&mut ledger, wish(5, 2));
        assert_eq!(ledger.close(id, true, 8), Some(wish(4, 2)));
        assert_eq!(ledger.grants_of(4), [Grant { pid: 4, slot: 8, object_type: 5, perms: 2 }]);
        ledger.forget_grant(4, 8);
        assert!(ledger.grants_of(4).is_empty());
    }

    #[test]
    fn a_denial_holds() {
        let mut ledger = Ledger::starting_at(0);
        let id = ask(&mut ledger, wish(4, 2));
        assert_eq!(ledger.close(id, false, 0), Some(wish(4, 2)));
        assert_eq!(ledger.judge(&wish(4, 3)), Verdict::Deny("denied before in this session"));
        ask(&mut ledger, wish(4, 1));
        ask(&mut ledger, wish(6, 2));
    }

    #[test]
    fn denials_are_bounded_and_die_with_their_process() {
        let mut ledger = Ledger::starting_at(0);
        for pid in 10..74 {
            for object_id in 0..MAX_DENIALS_A_PROCESS as u64 {
                let id = ask(&mut ledger, Request { object_id, ..wish(pid, 2) });
                ledger.close(id, false, 0);
            }
            let one_more = Request { object_id: 99, ..wish(pid, 2) };
            assert_eq!(ledger.judge(&one_more), Verdict::Deny("denied too often in this session"));
        }
        assert_eq!(ledger.judge(&wish(4, 2)), Verdict::Deny("too many requests"));
        ledger.retain_processes(|pid| pid >= 20);
        ask(&mut ledger, wish(4, 2));
    }

    #[test]
    fn an_answer_to_nothing_changes_nothing() {
        let mut ledger = Ledger::starting_at(0);
        assert_eq!(ledger.close(1, true, 8), None);
        assert!(ledger.grants_of(0).is_empty());
    }
}
