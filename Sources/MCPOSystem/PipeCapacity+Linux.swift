// How much a pipe holds can be chosen on Linux.

#if os(Linux)
    import CSystem

    /// Asks for a larger pipe; a refusal (no pipe, or the user's quota is used up) costs only speed.
    func enlargePipe(_ descriptor: Int32) {
        let capacity = mcpo_get_pipe_capacity(descriptor)
        if capacity > 0, capacity < answerPipeCapacity {
            _ = mcpo_set_pipe_capacity(descriptor, answerPipeCapacity)
        }
    }
#endif
