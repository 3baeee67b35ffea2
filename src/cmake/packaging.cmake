# Install rules. (To come.)
