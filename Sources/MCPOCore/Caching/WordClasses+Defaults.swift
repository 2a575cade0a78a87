// The words that mcpo knows, in alphabetical order.
//
// They were collected from the tools of public servers. When in doubt a word is where a mistake is
// cheapest: a reading tool that is taken for a writing or a realtime one costs cache hits; a writing
// tool that is taken for a reading one would lose writes. A word that is a noun more often than a
// verb (`email`, `order`) is in no list: alone it makes a tool unknown, which is careful enough.

extension WordClasses {
    static let defaults: [Kind: Set<String>] = [
        .realtime: words(realtimeWords), .static: words(staticWords),
        .dynamic: words(dynamicWords), .write: words(writingVerbs), .noun: words(nouns),
        .unique: words(uniqueWords),
    ]

    private static func words(_ text: String) -> Set<String> {
        // As bytes: whether a character is white space is a question to tables of Unicode.
        Set(
            text.utf8.split { $0 == 0x20 || $0 == 0x0A }.map { String(decoding: $0, as: UTF8.self) }
        )
    }

    /// The clock, the state of something that runs, what is newest, what is different each time.
    private static let realtimeWords = """
        active activity alert alerts availability available balance battery browser check checks
        clipboard clock connected console countdown cpu current currently cursor date datetime
        debugger dice diff dirty elapsed eta event events exchange feed focused gps guid health
        healthy heartbeat inbox latency latest live log logs metric metrics monitor nanoid new
        newest next nonce notification notifications now observe online otp output outputs pending
        ping poll polling position presence price prices process processes progress queue quote
        quotes random rate rates ready realtime recent recently refresh rng roll running screen
        screenshot selection sensor session sessions shuffle snapshot staged state stats status
        stderr stdout stream tabs tail telemetry temperature terminal ticker time timer timestamp
        today tomorrow tonight top traffic trending ulid unread unstaged uptime usage utilization
        uuid wait watch watching weather whoami working yesterday
        """

    /// What describes a thing and not its content.
    private static let staticWords = """
        about capabilities capability charset constants countries currencies describe doc docs
        documentation enum enums faq glossary guidelines help instructions introspect introspection
        languages manpage manual schema schemas specification specifications supported syntax
        timezones tutorial tutorials version versions
        """

    /// Verbs that read, and what they are about where the verb goes without saying.
    private static let dynamicWords = """
        analyse analyze autocomplete browse calculate cat compare compute contents count decode
        detail details directions discover distance elevation encode estimate exists extract fetch
        filter find forecast geocode get glob grep history info information inspect list lookup ls
        match matches overview parse peek preview query read recall recommendations retrieve scrape
        search show similar stat statistics suggestions summarise summarize summary translate
        traverse tree validate verify view whois
        """

    /// Verbs that change something, also only what is on a screen or under way.
    private static let writingVerbs = """
        abort accept ack acknowledge activate add adjust allocate allow alter amend annotate answer
        append apply approve archive ask assign associate attach authenticate authorise authorize
        autofix backfill backup ban begin bind block blur boot broadcast build bulk bump buy call
        cancel capture cast change charge checkin checkout checkpoint cherrypick chmod choose chown
        claim clean cleanup clear click clone close comment commission commit compact compile
        complete compose configure confirm connect consume convene convert copy cordon cp crawl
        create cut deactivate debit declare decline decrement decrypt delete deliver demote deny
        deploy deprecate dequeue deregister destroy detach dial dialog disable disapprove
        disassociate discard disconnect dismiss dispatch dispense do dock donate double downgrade
        download downvote drag drain draw drop dump duplicate edit eject emit empty emulate enable
        encrypt end enqueue enrol enroll ensure erase escalate eval evaluate evict exec execute
        expand expire export extend favorite favourite fill finalize finish fire fix flash flush
        focus follow force forget fork format forward freeze fulfil fulfill generate give go grant
        handle hide hold hover ignore import increment index ingest init initialise initialize
        inject inquire insert install interact interrupt invalidate invite invoke join keep kick
        kill label launch learn leave like link load lock login logoff logon logout make manage mark
        maximize memorise memorize merge migrate minimize mint mkdir modify mount move mutate mute
        mv navigate nominate notify offer onboard open overwrite pack paint park paste patch pause
        pay perform persist pick pin play plug pop popup post prepend press print prioritise
        prioritize process promote prompt propose provision prune publish pull purchase purge push
        put quarantine raise react reassign rebase reboot rebuild reclaim recompute reconcile
        reconnect recover recreate redeem redeploy redirect redo reduce refactor refresh refund
        regenerate register reimport reindex reinstall reject relabel release reload remember remove
        rename render reopen reorder repair replace reply report repost reprioritize reprocess
        request rerun reschedule resend reserve reset resize resolve restart restore resubmit resume
        retag retire retract retrain retry return revert review revise revoke rewrite rm rmdir
        rollback rollout rotate run sanitize save scale schedule scroll seal seed select sell send
        serve set settle setup share shift ship shred shut shutdown sideload sign simulate skip
        snooze solve sort spawn spend spin split squash stage star start stash stop store stub
        submit subscribe suspend swap switch sync synchronise synchronize tag take tap teardown
        terminate test tick toast toggle touch track trade train transfer transform transition trash
        trigger trim truncate tune turn tweet type typeset unarchive unassign unban unbind unblock
        uncordon undelete undeploy undo unfavorite unfollow unfork unfreeze uninstall unlike unlink
        unload unlock unmount unmute unpin unpublish unregister unset unshare unstage unstar
        unsubscribe untag untrack unwatch unzip update upgrade upload upsert upvote use vacuum vote
        wake warm wipe withdraw wrap write zip
        """

    /// Behind a verb that reads these are things: `get_commit`, `list_pull_requests`.
    private static let nouns = """
        answer backup block build call change close comment commit complete export fork format
        import index invite label link load merge mount offer open patch pin post process prompt
        pull push refund release reply report request return review run schedule share stage star
        stop store tag test track trade train transfer transform type vote zip
        """

    /// A second caller must not be given the first one's answer.
    private static let uniqueWords = """
        dequeue dice guid nanoid next nonce otp poll pop random rng roll shuffle ulid uuid
        """
}
